/** Every number of the bridge and of the Session object: unit in the name, reason beside it. */

// ── Session ids ───────────────────────────────────────────────────────────────

/** Proxies and clients carry headers of this size everywhere (DESIGN §4.2). */
export const SESSION_ID_MAX_CHARS = 1024
/** A client left open over a holiday goes on; seal keys overlap as long (DESIGN §4.2). */
export const SESSION_LIFETIME_SECONDS = 30 * 86_400
/** An issue time ahead of our clock by more than this was not written by another isolate of ours. */
export const SESSION_CLOCK_SKEW_SECONDS = 60
/** Longer tenants and subjects are carried as a digest, so that the id keeps its bound. */
export const SESSION_OWNER_MAX_CHARS = 256
/** For logs and `clientInfo` only; nothing is decided by them. */
export const CLIENT_NAME_MAX_CHARS = 40
export const CLIENT_VERSION_MAX_CHARS = 16

// ── Answers of servers ────────────────────────────────────────────────────────

/** One event of a stream; as much as the router passes in plain JSON. */
export const STREAM_EVENT_MAX_CHARS = 16 * 1024 * 1024
/** Below the idle limits of common proxies (30 s and up); also how a disconnect is noticed. */
export const KEEP_ALIVE_MS = 15_000
/** Comments come at KEEP_ALIVE_MS; a timer that is a little early still counts. */
export const CANCEL_CHECK_MS = 14_000
/** A 2025 call goes on so long after its client left (DESIGN §4.5); waitUntil lasts 30 s. */
export const AFTER_DISCONNECT_MS = 25_000
/** An answered run continues under waitUntil, which lasts 30 s. */
export const CONTINUATION_MAX_MS = 25_000
/** Answers that ask nothing but "call again" (requestState alone); the engine never sends one. */
export const PACED_REPEATS_MAX = 8
/** As the official SDK paces them. */
export const PACED_REPEAT_MS = 250
/** Tool lists rewritten for 2025 clients, kept per isolate. */
export const LEGACY_LISTS_KEPT = 16

// ── Questions ─────────────────────────────────────────────────────────────────

/** Forms shown at once; nobody answers more, and each costs a row. */
export const QUESTIONS_PER_ROUND_MAX = 16

// ── Streams ───────────────────────────────────────────────────────────────────

/** Events of a live stream kept in memory for a client that loses it; the oldest reports go first. */
export const STREAM_KEPT_MAX_CHARS = 256 * 1024
/** Streams that ended are remembered by their isolate so long and so much, all together. */
export const JUST_ENDED_KEEP_MS = 60_000
export const JUST_ENDED_MAX_CHARS = 4 * 1024 * 1024
/** Request ids are counters or UUIDs; a stream of a longer one has no event ids, so it cannot be resumed. */
export const RESUMABLE_REQUEST_ID_MAX_CHARS = 128
/** What a server may ask its client to wait before it comes back (`retry`, SEP-1699). */
export const RETRY_MIN_MS = 10
export const RETRY_MAX_MS = 20_000
/**
 * A client may be back before its loss was noticed: that takes a keep-alive at
 * most, and as much again is patience.
 */
export const RESUME_ATTEMPTS = 18

// ── Batches (2025-03-26) ──────────────────────────────────────────────────────

/** Each item is a call of its own; the clients of that revision batch a handful. */
export const BATCH_ITEMS_MAX = 32

// ── Relay ─────────────────────────────────────────────────────────────────────

/** Re-attaching to the Session after a cut: a deploy of its Worker takes a second or two. */
export const ATTACH_ATTEMPTS = 6
/** First wait; doubled each time, with jitter, so that all holders do not come back at once. */
export const ATTACH_RETRY_MS = 200
export const ATTACH_RETRY_MAX_MS = 2_000

/** Session ids remembered opened, per isolate: at most 1 KiB each, and what they hold. */
export const UNSEALED_CACHE_ENTRIES = 2_000
