/** Numbers of a 2025-era session that gateway and Session object share: unit in the name, reason beside it. */

/** `requestState` lives an hour: an answer that comes in time must find it still valid. */
export const QUESTION_LIFETIME_MS = 59 * 60_000

/** A continuation ends within CONTINUATION_MAX_MS; one silent for longer died with its isolate. */
export const CLAIM_LIFETIME_MS = 60_000

/** How long a finished run's events wait for a client that lost its stream. */
export const FINISHED_KEEP_MS = 5 * 60_000

/** A client with so many forms open is not showing them to anybody. */
export const OPEN_RUNS_MAX = 16

/** With those that are finished and wait for a client that lost its stream; 2.5 MB each at most. */
export const STORED_RUNS_MAX = 64

/** SQLite takes 2 MB a row: arguments, state, one answer or one event stay below it. */
export const STORED_TEXT_MAX_BYTES = 1_500_000

/** Notifications kept of one run; beyond, they are dropped. Questions and the final answer never are. */
export const RUN_NOTIFICATIONS_MAX_BYTES = 1024 * 1024

/** A request cancelled at another isolate is asked for at each keep-alive: four times before it is forgotten. */
export const CANCELLED_KEEP_MS = 60_000

/** Of one session; clients cancel one request at a time. */
export const CANCELLED_MAX = 64

/** Longer ids are nobody's to cancel across isolates: they would have to be stored. */
export const CANCELLED_ID_MAX_CHARS = 256
