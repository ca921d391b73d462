/** Every number of what identity providers say of callers: unit in the name, reason beside it. */

/**
 * Groups and claims of one person as JSON. They travel in the session cookie, the access
 * token and the principal assertion, whose header of 4 KiB also holds a certificate and scopes.
 */
export const IDENTITY_MAX_BYTES = 1024
/** The scopes of one token, space-separated: the other half of what an assertion has room for. */
export const SCOPES_MAX_CHARS = 1024
/** Tenant names become part of storage keys and object names. */
export const TENANT_MAX_CHARS = 64
/** Issuers of TRUSTED_ISSUERS: their names stand before those of their groups and clients. */
export const ISSUER_MAX_CHARS = 256
/** Longer than any client id made by people, far shorter than a sealed one (up to 2 KiB). */
export const CLIENT_ID_KEPT_CHARS = 200
/** What is kept of a client of theirs, however long the issuer before it is: a digest is as long. */
export const FOREIGN_CLIENT_MIN_CHARS = 50
/** Subjects as well; a digest in base64url takes 43. */
export const SUBJECT_MAX_CHARS = 128
/** Claims an operator maps: each is written into a configuration by hand. */
export const MAPPED_CLAIMS_MAX = 32
