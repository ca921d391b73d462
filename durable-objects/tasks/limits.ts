/** Every number of the Task object: unit in the name, reason beside it. */

/** A deploy may cost a few attempts in a row; a tool that ends its isolate costs all of them. */
export const LOST_ATTEMPTS_MAX = 5
/** A redeploy takes seconds: so often is asked again, ever less often, while nothing has run. */
export const UNAVAILABLE_RETRIES_MAX = 8
/** First wait after a lost or refused attempt; doubled each time. */
export const ATTEMPT_RETRY_MS = 1_000
/** After a turn that failed for a reason of our own. */
export const TURN_RETRY_MS = 5_000
/** Clients that poll: as often as a person wants to see something move. */
export const POLL_INTERVAL_MS = 1_000
/** Reports are written and shown at most so often, whatever a tool sends. */
export const PROGRESS_INTERVAL_MS = 500
/** One line for a person. */
export const STATUS_MESSAGE_MAX_CHARS = 500
/** SQLite takes 2 MB a row: a text is kept in pieces that fit in any alphabet. */
export const TEXT_PART_MAX_CHARS = 500_000
/** Arguments and envelope; the router takes bodies of 4 MiB. */
export const PARAMS_MAX_CHARS = 4 * 1024 * 1024
/** Above what any tool may answer (8 MiB), both forms of it counted. */
export const RESULT_MAX_CHARS = 16 * 1024 * 1024
/** Answers of one round together; forms take a few KiB. */
export const RESPONSES_MAX_CHARS = 1_000_000
/** Questions of one round; nobody answers more, and each costs a row. */
export const QUESTIONS_MAX = 16
/** One question, schema included, in a row. */
export const QUESTION_MAX_CHARS = 500_000
/** Who may look at one task at once, over WebSockets. */
export const VIEWS_MAX = 32
