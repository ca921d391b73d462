/** Every number of the objects: unit in the name, reason beside it. */

// ── Catalog ───────────────────────────────────────────────────────────────────

/** What a model could ever be shown of one server; also well below SQLite's 2 MB a row. */
export const DEFINITIONS_MAX_BYTES = 1024 * 1024
/** About 190 bytes each in the index: 1,000 stay below its 200 KiB. More needs a sharded index. */
export const SERVERS_MAX = 1_000
/** Every isolate loads it at every change (DESIGN §2). */
export const INDEX_MAX_BYTES = 200 * 1024
/** A year of weekly deploys; the oldest that is not live is forgotten first. */
export const REVISIONS_PER_SERVER_MAX = 50
/** Taken back and still deployed: one at a time, and a few that came and went. */
export const HELD_REVISIONS_MAX = 10
/** Enough to see and take back a season of work on one server. */
export const CHANGES_PER_SERVER_MAX = 200
/** Of all servers together; what a change was before and after takes a few KiB. */
export const CHANGES_MAX = 5_000
/** Of the history, in one answer. */
export const HISTORY_PAGE_MAX = 100
/** Overrides of one server, as JSON: every isolate that serves it carries the outcome. */
export const TUNING_MAX_BYTES = 64 * 1024
/** Rules, tenants and the rest of one server's policy: every isolate carries all of them. */
export const POLICY_MAX_BYTES = 16 * 1024
/** Items of one server that are off. */
export const OFF_ITEMS_MAX = 500
/** KV takes one write a second per key; isolates learn of a burst once a second at most. */
export const SNAPSHOT_INTERVAL_MS = 1_000
/** An outage of KV or feed is asked after ever less often, but at least once a minute. */
export const SNAPSHOT_RETRY_MAX_MS = 60_000
/** A KV or feed call that hangs counts as failed, so that the alarm ends and comes again. */
export const SNAPSHOT_WRITE_TIMEOUT_MS = 10_000
/** Entries written to KV in one go: a Worker has six connections at once. */
export const SNAPSHOT_WRITES_AT_ONCE = 6
/** A key of which KV is read wrong or not at all is put again this long after it was put last: KV may lag a minute. */
export const SNAPSHOT_REPAIR_AFTER_MS = 600_000
/** Keys of which the Catalog knows when it put them last; of others it puts once more. */
export const SNAPSHOT_REPAIRS_REMEMBERED = 2_000
/** The key that signs indexes is replaced with the first change after this; the feed carries the new one. */
export const INDEX_KEY_MAX_AGE_MS = 90 * 86_400_000
/** Isolates decide on feeds up to 60 s old; twice that, and nobody asks for a superseded value. */
export const SUPERSEDED_KEEP_MS = 120_000
/** Findings kept of one revision: more is one finding. */
export const FINDINGS_MAX = 100
/** Some clients cut descriptions here; a model is told enough long before. */
export const DESCRIPTION_WARNED_CHARS = 2_048
/** Of one tool in a list: above this a schema is a manual. */
export const TOOL_WARNED_TOKENS = 2_000
/** Of all tools of a server: some clients stop, all of them choose worse. */
export const SERVER_WARNED_TOKENS = 20_000
/** What the strictest model APIs take as a tool's name, server included. */
export const CLIENT_TOOL_NAME_MAX_CHARS = 64
/**
 * From the feed's carrying a version until listeners are told: a list is answered
 * from a feed of 500 ms at most (DESIGN §2), and this is more.
 */
export const LISTENERS_DELAY_MS = 600
/** Hubs told in one go; each is one call. */
export const LISTENERS_TOLD_AT_ONCE = 16
/** Of what operators send, as of what servers say of themselves: schemas people write nest a tenth of this. */
export const INPUT_MAX_DEPTH = 250
/** Of a validation error, in logs. */
export const FAILURE_DETAIL_MAX_CHARS = 500

// ── Search ────────────────────────────────────────────────────────────────────

/** Of one answer; who needs more asks more precisely. */
export const SEARCH_HITS_MAX = 50
/** A task in a few sentences. */
export const SEARCH_QUERY_MAX_CHARS = 1_000
/** Tasks of one evaluation: a millisecond or two each. */
export const EVAL_PAIRS_MAX = 2_000
/** Revisions compared in one evaluation; an index is built for each. */
export const EVAL_REVISIONS_MAX = 5

// ── Usage ─────────────────────────────────────────────────────────────────────

export const USAGE_MINUTE_MS = 60_000
/** A week: long enough to compare a canary with what was live before it. */
export const USAGE_KEEP_MS = 7 * 86_400_000
/** One row a minute and revision; at two revisions a week takes 20,000. */
export const USAGE_ROWS_MAX = 30_000
/** Rows past their time are only waste, so sweeping them may wait. */
export const USAGE_SWEEP_MS = 86_400_000

// ── Feed ──────────────────────────────────────────────────────────────────────

/** Revocations live as long as an access token (≤ 24 h): ten thousand a day is an incident, not use. */
export const REVOKED_GRANTS_MAX = 10_000
/** A tombstone lost early only revives its owner's own session id; every isolate carries them all. */
export const DELETED_SESSIONS_MAX = 5_000
/** Grant and session ids are random and short; anything longer is a mistake. */
export const FEED_ID_MAX_CHARS = 128
/** Shorter than a reader waits for the feed (FEED_READ_TIMEOUT_MS, 3 s): what is known is answered then. */
export const FEED_COMPARE_TIMEOUT_MS = 2_000
/** Expired rows are invisible at once, so sweeping them may wait and take many together. */
export const SWEEP_INTERVAL_MS = 60_000

// ── GrantStore ────────────────────────────────────────────────────────────────

/** A grant with its props and claims takes a few KiB; client metadata is bounded by the oauth Worker. */
export const GRANT_VALUE_MAX_CHARS = 256 * 1024
export const GRANT_KEY_MAX_CHARS = 1024
/** In one object, whoever writes; callers know lower bounds of their own. Some KiB each. */
export const GRANT_ROWS_MAX = 10_000
/** One page of a list, whatever the caller asks. */
export const GRANT_LIST_MAX_KEYS = 1_000

// ── Replay ────────────────────────────────────────────────────────────────────

/** One client's strict calls within ten minutes, at 80 a second; a row takes about 60 bytes. */
export const REPLAY_ROWS_MAX = 50_000
/** Names are digests; anything longer is a mistake. */
export const REPLAY_NAME_MAX_CHARS = 64

// ── ApiKeys ───────────────────────────────────────────────────────────────────

/** Machines, not people; all are listed at once. */
export const API_KEYS_MAX = 5_000
/** An operator looks back a month, rarely longer. */
export const API_KEY_ENDED_KEPT_SECONDS = 30 * 86_400
/** "Unused for months" is what matters; finer would be a write per question. */
export const API_KEY_USED_PRECISION_SECONDS = 3_600

// ── Attachments ───────────────────────────────────────────────────────────────

/** The least R2 takes for a part that is not the last; also what one upload holds in memory. */
export const ATTACHMENT_PART_BYTES = 5 * 1024 * 1024
/** R2 that did not delete is asked again so soon. */
export const ATTACHMENT_RETRY_MS = 60_000

// ── Backup ────────────────────────────────────────────────────────────────────

/** A tenant, a subject and a service's name; a person's opaque id takes 45. */
export const DIRECTORY_NAME_MAX_CHARS = 2_048
export const DIRECTORY_PAGE_MAX = 1_000
/** Objects asked for one page: below the 50 subrequests of a request on the free plan. */
export const BACKUP_OBJECTS_PER_PAGE = 40
/** API keys and revocations: a page takes some 100 KiB. */
export const BACKUP_ROWS_PER_PAGE = 500
/** A page ends with the record that reaches it: parsed and encrypted in some milliseconds. */
export const BACKUP_PAGE_CHARS = 256 * 1024
/** Restored in one request; pages are read smaller, but for people with many grants. */
export const BACKUP_PAGE_MAX_RECORDS = 5_000
/** What expires sooner is a code or a sign-in under way, not worth bringing back. */
export const BACKUP_MIN_REMAINING_SECONDS = 3_600
/** Grants that a person ended, remembered until they would have expired: four rounds of all they may have. */
export const ENDED_GRANTS_MAX = 800
/** Of API keys: as long as a key can be made to live (API_KEY_LIFETIME_MAX_SECONDS of the oauth Worker). */
export const API_KEY_ENDED_TOMBSTONE_SECONDS = 366 * 86_400
