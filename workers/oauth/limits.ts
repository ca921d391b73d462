/** Every number of the authorization server: unit in the name, reason beside it. */

/** Many clients never refresh (DESIGN §5). */
export const ACCESS_TOKEN_SECONDS = 3_600
/** Servers marked `strict`: a stolen token is of little use. */
export const STRICT_ACCESS_TOKEN_SECONDS = 300
/** A client that was not used for a month signs in again. */
export const REFRESH_TOKEN_IDLE_SECONDS = 30 * 86_400

/** A working day; consent is asked anew each time anyway. */
export const SESSION_SECONDS = 8 * 3_600
/** From "sign in" to being back: the library gives a consent page as long. */
export const PENDING_SIGN_IN_SECONDS = 600
/** A form that the same browser sends again: a double click, a second try on a slow line. */
export const REPEATED_FORM_SECONDS = 15
/** A sign-in that is finished, or being finished, can be asked about: the IdP's time, and the form's. */
export const SIGN_IN_CLAIM_SECONDS = 30
/** Between two looks at a sign-in that another request is finishing. */
export const SIGN_IN_POLL_MS = 250
/** How long a page that was answered can say how: as long as it could have been answered. */
export const ANSWERED_CONSENT_SECONDS = PENDING_SIGN_IN_SECONDS
/** Titles of tools beside one permission of a consent page; beyond them "and more". */
export const USES_SHOWN_MAX = 8
/** Registrations that nobody keeps cannot be renewed; after a year a client registers anew. */
export const REGISTRATION_SECONDS = 365 * 86_400

/** RFC 7591 documents are a few hundred bytes; the sealed id bounds them anyway. */
export const REGISTRATION_MAX_BYTES = 16 * 1024
/** Of a redirect URI that is refused: enough to find it in the client's code. */
export const REFUSED_URI_SHOWN_CHARS = 100
/** The id travels in URLs, forms and tokens (DESIGN §5). */
export const CLIENT_ID_MAX_CHARS = 2_048
/** Codes and tokens are under 4 KiB; consent forms list scopes. */
export const FORM_MAX_BYTES = 64 * 1024
/** What browsers and proxies pass; it holds a client id, a redirect URI and scopes. */
export const AUTHORIZE_URL_MAX_CHARS = 8 * 1024

/** Instances of the library kept per isolate, one per resource: a few KiB each. */
export const AS_CACHE_ENTRIES = 500
/** Refreshes of one grant at the same moment: each round lets one through. */
export const REFRESH_ATTEMPTS = 3
/** A superseded token this old was no longer on its way when it arrived: somebody kept a copy. */
export const REUSE_GRACE_SECONDS = 60
/** Rotations of one family within that grace; nobody refreshes every two seconds on purpose. */
export const ROTATIONS_KEPT = 32
/** People read days; a finer time would cost a write per refresh where none is due. */
export const USED_AT_PRECISION_SECONDS = 3_600
/** A year of weekly new devices, four times over; beyond it the one unused for longest ends. */
export const GRANTS_PER_PERSON_MAX = 200
/** Consent pages and sign-ins begun within ten minutes, on each of 256 objects: 128,000 in all. */
export const PENDING_PER_OBJECT_MAX = 500
/** Assertions live for minutes: in one, some of the rows have expired. */
export const NO_ROOM_RETRY_SECONDS = 60
/** Objects that are asked for room before a sign-in is put off. */
export const PENDING_ATTEMPTS = 4
/** Registrations are counted by the minute, those of all clients together. */
export const REGISTRATION_WINDOW_SECONDS = 60
/** Consent must see a server that was published a moment ago; token requests need no fresher. */
export const CATALOG_MAX_AGE_MS = 500

/** An IdP's metadata and keys change rarely. */
export const IDP_METADATA_MAX_AGE_MS = 10 * 60_000
/** An IdP that takes longer is down, and the person should be told. */
export const IDP_TIMEOUT_MS = 10_000
/** Keys with certificates take 30 KiB; an account with thousands of groups some 100 KiB. */
export const IDP_ANSWER_MAX_BYTES = 256 * 1024

/** A person waits for it at the sign-in page. */
export const CLIENT_DOCUMENT_TIMEOUT_MS = 5_000
/** A client that takes a redirect URI or a key out of its document is heard within the hour. */
export const CLIENT_DOCUMENT_MAX_AGE_SECONDS = 3_600

/** A machine gets new tokens by itself; one that is removed stops within this time. */
export const MACHINE_TOKEN_SECONDS = 600
/** Secrets of one Worker: Cloudflare allows 128 in all, platform's own included. */
export const MACHINES_MAX = 100
/** What fits the 5 KB of a secret, with keys beside it. */
export const MACHINE_SERVERS_MAX = 50
export const MACHINE_SCOPES_MAX = 50
/** The current one and the one it replaces. */
export const MACHINE_CREDENTIALS_MAX = 2
/** SDKs write five minutes. With the skew it stays below the ten minutes a `jti` is kept. */
export const ASSERTION_MAX_LIFETIME_SECONDS = 540
/** Clocks of servers that call servers are kept in order. */
export const ASSERTION_CLOCK_SKEW_SECONDS = 30
/** RSA-4096 signatures take 700 characters, claims a few hundred. */
export const ASSERTION_MAX_CHARS = 8 * 1024
export const CLIENT_JTI_MAX_CHARS = 256

// ── trusted issuers ───────────────────────────────────────────────────────────

/** Written into a configuration by hand; each keeps a key set in every isolate. */
export const TRUSTED_ISSUERS_MAX = 16
/** Of its tokens, where the operator says nothing; and at most, as of our own. */
export const TRUSTED_LIFETIME_SECONDS = 3_600
/** Issuers rotate with overlaps of hours to days. */
export const FOREIGN_JWKS_MAX_AGE_MS = 10 * 60_000
/** An issuer that is down for longer is not trusted on old keys. */
export const FOREIGN_JWKS_KEPT_MS = 24 * 3_600_000
/** Tokens of made-up keys must not become a flood of requests to their issuer. */
export const FOREIGN_JWKS_RETRY_MS = 30_000
/** The caller waits for it, once per isolate. */
export const FOREIGN_JWKS_TIMEOUT_MS = 5_000
/** Large issuers publish a dozen keys with certificates: 30 KiB. */
export const FOREIGN_JWKS_MAX_BYTES = 128 * 1024
export const FOREIGN_JWKS_KEYS_MAX = 50

// ── API keys ──────────────────────────────────────────────────────────────────

/** A router trusts what it learned of a key for so long; a revocation is faster, by the feed. */
export const API_KEY_VERDICT_SECONDS = 300
/** No key counts for ever; people forget them. */
export const API_KEY_LIFETIME_MAX_SECONDS = 366 * 86_400
/** A key superseded at once is revoked; with overlap, no isolate may still hold it when it ends. */
export const API_KEY_OVERLAP_MIN_SECONDS = 2 * API_KEY_VERDICT_SECONDS
export const API_KEY_OVERLAP_MAX_SECONDS = 30 * 86_400
/** One request of `npm run api-key`: names, scopes and servers. */
export const API_KEY_REQUEST_MAX_BYTES = 16 * 1024

// ── backup ────────────────────────────────────────────────────────────────────

/** A page of records: one revision of 1 MiB in JSON fits, whatever it escapes. */
export const BACKUP_BODY_MAX_BYTES = 8 * 1024 * 1024
/** Objects woken by one request: below the 50 subrequests of the free plan. */
export const BACKUP_ADOPTED_MAX = 40
