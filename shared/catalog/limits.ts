/** Every number of the catalog, its readers and the control feed: unit in the name, reason beside it. */

/** Up to this age a read costs nothing: half of the 10 s in which a change must be in force. */
export const FEED_REFRESH_AFTER_MS = 5_000
/** Older than this is no longer good enough to decide on: the caller waits (DESIGN §2). */
export const FEED_MAX_AGE_MS = 60_000
/** A colo copy must leave a busy isolate below the 10 s of DESIGN §2 until its next refresh. */
export const FEED_COLO_MAX_AGE_MS = 4_000
/** How long the colo may keep a copy; its age is judged by the stamp inside. */
export const FEED_COLO_TTL_SECONDS = 10
/** One small object on the same network answers in milliseconds; past this it is not there. */
export const FEED_READ_TIMEOUT_MS = 3_000
/** After a failed read nobody tries again so soon: an outage must not become a stampede. */
export const FEED_RETRY_AFTER_MS = 250

/** Indexes kept per isolate: the newest, and the few that calls under way still use. */
export const INDEX_CACHE_ENTRIES = 4
/** Compiled servers kept per isolate. An isolate has 128 MiB; most see a handful of servers. */
export const SERVER_CACHE_ENTRIES = 200
/** The same, by the size of their lists: a quarter of an isolate's memory, objects included. */
export const SERVER_CACHE_MAX_CHARS = 8 * 1024 * 1024
/** KV and the Catalog together; a caller should rather see 503 than wait longer. */
export const SNAPSHOT_READ_TIMEOUT_MS = 5_000
/** A value of KV that is refused is logged again after this: an hour of it is six lines a key. */
export const REFUSAL_LOG_INTERVAL_MS = 600_000
/** Keys of which an isolate knows that it logged them; an isolate reads a handful. */
export const REFUSALS_REMEMBERED = 200

// ── Permissions and tuning ────────────────────────────────────────────────────

/** Read from first to last at a decision, by people too; longer lists want groups. */
export const RULES_MAX = 50
/** Values of one key of a rule; longer lists want a group claim. */
export const RULE_VALUES_MAX = 100
/** Full names of groups and clients: an issuer (ISSUER_MAX_CHARS), `#`, and a name as long; URIs of resources. */
export const RULE_VALUE_MAX_CHARS = 513
export const RULE_NOTE_MAX_CHARS = 200
/** Tenants a private server may belong to; more want `rules`. */
export const TENANTS_MAX = 50
/** Lists kept per isolate, one for each server and set of rules that fits somebody. */
export const PERMITTED_LISTS_CACHE_ENTRIES = 500
/** As for the lists of whole servers. */
export const PERMITTED_LISTS_CACHE_MAX_CHARS = 8 * 1024 * 1024
/** Clients named into a canary; the rest is what the percentage is for. Every isolate carries them. */
export const CANARY_CLIENTS_MAX = 50
/** Descriptions are for a model's context: what is longer belongs into a resource. */
export const TUNED_TEXT_MAX_CHARS = 8_192
/** Items of one server that are tuned, and aliases: as many as there could sensibly be tools. */
export const TUNED_ITEMS_MAX = 500
/** Example arguments of one tool: a model needs few. */
export const TUNED_EXAMPLES_MAX = 10

/** Shorter, and clients that never refresh would be signed out before they have worked. */
export const ACCESS_TOKEN_MIN_SECONDS = 300
/** A revocation, and a retired key, must outlive every access token. */
export const ACCESS_TOKEN_MAX_SECONDS = 86_400

// ── Search ────────────────────────────────────────────────────────────────────

/** Shorter beginnings fit too much to mean anything. */
export const SEARCH_PREFIX_MIN_CHARS = 4
/** One slip of the finger in a word this long leaves it recognisable. */
export const SEARCH_FUZZY_MIN_CHARS = 6
/** Words of one query that count: a task in a few sentences. */
export const SEARCH_TERMS_MAX = 32
/** Tools weighed in one search, beyond those of its rarest word: some milliseconds of work. */
export const SEARCH_WEIGHED_TOOLS_MAX = 1_000

/** Nobody comes back for a result after a week; objects and answers are not kept for longer. */
export const MAX_TASK_TTL_MS = 7 * 24 * 3_600_000
