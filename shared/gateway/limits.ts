/** Every number of the router: unit in the name, reason beside it. */

/** Arguments of a tool call; what needs more is uploaded elsewhere and passed by reference. */
export const REQUEST_BODY_MAX_BYTES = 4 * 1024 * 1024

/**
 * Resource URIs and other names a call is decided on: the decision travels in a
 * header of 4 KiB, six characters for one that is not ASCII, keys and digest beside it.
 */
export const TARGET_MAX_CHARS = 512

/** The engine caps results at 1 MiB unless the author raises it; above this a server is misbehaving. */
export const RESPONSE_BODY_MAX_BYTES = 16 * 1024 * 1024

export const RESPONSE_STREAM_BOUNDS = {
  /** All events of one streamed answer together: progress of the longest call fits many times. */
  maxBytes: 64 * 1024 * 1024,
  /** The longest tool runs 15 minutes (shared/engine/author/limits.ts); no engine streams for longer. */
  maxMs: 16 * 60_000,
  /** The engine comments every 15 s: one that missed two is gone, or none of ours. */
  maxSilenceMs: 35_000,
}

/** The engine answers within a second, by a stream if need be; a cold start is the rest. */
export const SERVER_ANSWER_TIMEOUT_MS = 15_000

/** Larger than any token we issue (scopes included); bounds the work a stranger can cause. */
export const AUTHORIZATION_HEADER_MAX_CHARS = 8 * 1024

/** Verified tokens kept per isolate: about 1 KiB each. */
export const VERDICT_CACHE_ENTRIES = 5_000

/** Assertions live 300 s; renewing a minute early keeps one valid for the whole of a slow hop. */
export const ASSERTION_RENEW_SECONDS = 240

/** Texts of request capabilities kept per isolate: about 600 bytes each. */
export const CAPABILITY_CACHE_ENTRIES = 2_000

/** Keys rotate rarely and with overlap; an unknown `kid` refetches sooner, but not at will. */
export const JWKS_MAX_AGE_MS = 5 * 60_000
export const JWKS_RETRY_MS = 30_000

/** Cold API keys and foreign tokens that one isolate asks the authorization server about at a time. */
export const FOREIGN_CREDENTIALS_AT_ONCE = 64

/** A name SERVERS does not know is not asked for again so soon (DESIGN §2). */
export const UNKNOWN_SERVER_TTL_MS = 30_000
export const UNKNOWN_SERVER_CACHE_ENTRIES = 1_000

/** Descriptions under way at once per isolate: a stranger trying names must not become a flood. */
export const DESCRIBE_CONCURRENCY = 8
export const DESCRIBE_TIMEOUT_MS = 10_000
/** Definitions are at most 1 MiB (Catalog); the envelope around them is small. */
export const DESCRIPTION_MAX_BYTES = 2 * 1024 * 1024

/** JSON Schemas people write nest a tenth of this. */
export const DESCRIPTION_MAX_DEPTH = 200

/** A whole catalog as a file: some hundred servers' definitions. */
export const ADMIN_BODY_MAX_BYTES = 16 * 1024 * 1024

/** Aggregators ask hourly; what was made public shows to them within a minute. */
export const REGISTRY_MAX_AGE_SECONDS = 60

/** Tools a search answers unless asked for more (at most 50): as many as a model looks at. */
export const SEARCH_HITS = 10

/** Sums of an isolate are handed on within the 30 s a request may outlive its answer. */
export const USAGE_FLUSH_MS = 25_000
/** With a canary: so soon one that errs must be noticed. */
export const USAGE_CANARY_FLUSH_MS = 2_000
/** No request outlives its answer so long: what it was to hand on is another's to. */
export const USAGE_LOST_MS = 35_000
/** Revisions of one server that can be called within one such time; more is an attack on memory. */
export const USAGE_VIEWS_MAX = 20

/**
 * How long a client may keep a list without asking: with the feed's age below the
 * 10 s in which a change is in force where it is asked for (DESIGN §2).
 */
export const LIST_TTL_MS = 5_000

/** A list is never answered from an older feed (DESIGN §2); calls never wait for that. */
export const LIST_FEED_MAX_AGE_MS = 500

/** Preflights are the same for every path of an origin. */
export const PREFLIGHT_MAX_AGE_SECONDS = 86_400
/** Requested headers a preflight may name. */
export const PREFLIGHT_HEADERS_MAX = 32

/** Below the idle limits of common proxies (30 s and up); also how a disconnect is noticed. */
export const STREAM_KEEP_ALIVE_MS = 15_000
/** Some ten seconds in all: a deploy of the objects takes a second or two. */
export const HUB_ATTACH_ATTEMPTS = 6
/** First wait; doubled each time, with jitter. */
export const HUB_ATTACH_RETRY_MS = 100
/** The hub says hello before it does anything else. */
export const HUB_HELLO_TIMEOUT_MS = 5_000
/** From a feed that carries a change until every isolate lists it: LIST_FEED_MAX_AGE_MS and a margin. */
export const LIST_SETTLES_MS = 600
/** The feed learns a change within a second or two; where it does not, a client hears of it early. */
export const LIST_SETTLE_LOOKS = 4
/** A redeploy of a server nobody calls shows to its listeners within so long. */
export const LISTEN_REBUILD_CHECK_MS = 5 * 60_000

/** The feed knows a revocation for 24 h: an older record of a caller could hide one. */
export const TASK_RECORD_MAX_AGE_SECONDS = 12 * 3_600
