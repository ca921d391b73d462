/** Bounds of what PLATFORM remembers for servers: unit in the name, reason beside it. */

/** Clocks of the Workers that seal and check differ by far less. */
const SLACK_SECONDS = 60

/** A replay is refused as long as any state of the run could be presented: an hour (engine/limits.ts). */
export const RUN_KEPT_SECONDS = 3_600 + SLACK_SECONDS
/** A task lives seven days at most; its last attempt may run on for 15 minutes. */
export const RUN_KEPT_MAX_SECONDS = 8 * 86_400
/** What a step answers is an id or a receipt; what is large belongs into an attachment. */
export const STEP_RESULT_MAX_BYTES = 64 * 1024
/** A handler that needs more loops over data: then the data's own key is the record. */
export const STEPS_PER_RUN_MAX = 128
/** Written by authors, `order-${id}` and the like. */
export const STEP_KEY_MAX_CHARS = 256

/** A cart or a draft is picked up again within days; each use starts the time anew. */
export const STATE_KEPT_MS = 7 * 86_400_000
/** Renewals by less are not written: most uses of a handle then write nothing but their value. */
export const STATE_RENEWAL_STEP_MS = 3_600_000
/** What a model works on; more is a database of the author's own. */
export const STATE_VALUE_MAX_BYTES = 64 * 1024
export const STATE_KEYS_MAX = 128
/** `all()` answers it in one piece. */
export const STATE_MAX_BYTES = 512 * 1024
export const STATE_KEY_MAX_CHARS = 256

/** The router lets nobody follow a longer one (shared/gateway/limits.ts). */
export const NOTIFIED_URI_MAX_CHARS = 512

/** A day: long enough for the person who asked, short enough to be no archive. */
export const ATTACHMENT_KEPT_MS = 86_400_000
/** In Base64 it stays below the 16 MiB the router passes of an answer. */
export const ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024
export const ATTACHMENT_NAME_MAX_CHARS = 200
export const ATTACHMENT_TYPE_MAX_CHARS = 128

// ── Attempts of tasks ─────────────────────────────────────────────────────────

/** Alarm handlers are stopped after 15 minutes; what ends before can still be written down. */
export const ATTEMPT_MAX_MS = 15 * 60_000 - 10_000
/** The engine sends a comment every 15 s: a stream silent for four of them is dead. */
export const ATTEMPT_SILENCE_MS = 60_000
/** One event of an attempt's stream: a result, or a report. */
export const EVENT_MAX_CHARS = 16 * 1024 * 1024
