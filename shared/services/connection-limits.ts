/** Every number of upstream connections: unit in the name, reason beside it. */

/** Written by hand into one secret of 5 KB. */
export const PROVIDERS_MAX = 20
/** Sign-ins at providers take minutes; the sign-in at ours may be as long. */
export const LINKING_SECONDS = 600
/** A form or an answer that the same browser sends again: a double click, a reload. */
export const REPEATED_LINKING_SECONDS = 15
/** A provider that takes longer is down; the model should hear of it. */
export const PROVIDER_TIMEOUT_MS = 10_000
/** Tokens that carry claims take some KiB. */
export const PROVIDER_ANSWER_MAX_BYTES = 128 * 1024
/** Refreshed a little early: the call it is for must still arrive. */
export const TOKEN_EARLY_SECONDS = 60
/** Who used nothing of a connection for half a year links it anew. */
export const CONNECTION_IDLE_SECONDS = 180 * 86_400
/** "Last used" is read by people; finer would be a write per request. */
export const CONNECTION_USED_PRECISION_SECONDS = 3_600
/** What a tool sends upstream is kept whole, to be sent again with a fresh token. */
export const CONNECTION_BODY_MAX_BYTES = 4 * 1024 * 1024
/** Renamed things answer with one redirect, rarely two. */
export const CONNECTION_REDIRECTS_MAX = 3
