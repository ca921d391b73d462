/** Every number of DPoP: unit in the name, reason beside it. */

/** A proof with an Ed25519 or P-256 key takes 400 to 600 bytes; this is generous. */
export const PROOF_MAX_CHARS = 4 * 1024
/** Shorter cannot be unique (RFC 9449 §4.2 asks 96 bits); longer only costs memory. */
export const JTI_MIN_CHARS = 8
export const JTI_MAX_CHARS = 128
/** Clocks of clients are wrong by minutes, rarely more (SEP-1932). Checked with a nonce or without. */
export const IAT_SKEW_SECONDS = 300
/** From the earliest to the latest moment at which one proof can be accepted. */
export const JTI_KEPT_SECONDS = 2 * IAT_SKEW_SECONDS
/** A nonce counts in its own bucket and the next: a proof is never made further ahead. */
export const NONCE_BUCKET_SECONDS = 60
/** Imported keys per isolate, about 500 bytes each: one per client in use. */
export const PROOF_KEY_CACHE_ENTRIES = 5_000
