/** Bounds of one internal call. Those an author may move are in `../tool/limits.ts`. */

/** As the router's own bound: what it let through is not refused here. */
export const REQUEST_BODY_MAX_BYTES = 4 * 1024 * 1024

/** Callers remembered per isolate: an assertion is about 1 KiB and lives five minutes. */
export const CALLER_CACHE_ENTRIES = 2_000
/** Decisions differ per caller only in their capability; without one, a server has a handful. */
export const DECISION_CACHE_ENTRIES = 500

/** Handlers that only await ready values settle within these turns: no timer, no stream is set up. */
export const QUICK_TURNS = 8
/** A call done by then is answered in plain JSON (DESIGN §4.5). */
export const JSON_PATIENCE_MS = 1_000
/** Below the idle limits of common proxies (30 s and up); also how a disconnect is noticed. */
export const KEEP_ALIVE_MS = 15_000
/** Unread events of one stream; further progress is dropped, never buffered without bound. */
export const STREAM_BUFFER_BYTES = 256 * 1024

/** When a client that was let go comes back, unless the handler says. */
export const RETRY_MS = 500

/** Rounds of questions in one run (DESIGN §4.6). */
export const MAX_ROUNDS = 8
/** Writers of one key that meet again and again: then the model is told to try later. */
export const STATE_UPDATES_MAX = 8
/** A person may think it over; a form older than that is asked anew. */
export const REQUEST_STATE_LIFETIME_SECONDS = 3_600
/** A task keeps its state itself, and lives for seven days at most (tool/limits.ts). */
export const TASK_STATE_LIFETIME_SECONDS = 7 * 86_400
/** Answers of eight forms fit many times; bounds what a client can make us decrypt. */
export const REQUEST_STATE_MAX_CHARS = 64 * 1024

/** A model needs to see what is wrong, not four hundred times. */
export const MAX_REPORTED_ISSUES = 20
/** zod names every unknown member of a strict object; a caller can send as many as fit the body. */
export const MAX_ISSUE_CHARS = 500
/** All problems a JSON Schema validator names together: it quotes keys of the arguments. */
export const MAX_PROBLEMS_CHARS = 4_000

/** Completions and resource lists are asked while somebody types or waits; the router gives up at 15 s. */
export const LOOK_TIMEOUT_MS = 10_000
/** 2026-07-28 server/utilities/completion: at most 100 values. */
export const COMPLETIONS_MAX = 100
/** Resources of one page; more is for `nextCursor`. */
export const LISTED_PAGE_MAX = 1_000
/** A cursor stands in a request's body; authors' cursors are keys or offsets. */
export const CURSOR_MAX_CHARS = 2_048
