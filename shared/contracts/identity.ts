/**
 * Entrypoints between Workers about who calls: API keys, credentials the
 * authorization server judges, people's accounts at other services, grants and used
 * proofs. Part of entrypoints.ts.
 */
import type { AccessTokenFailure, VerifiedToken } from '../identity/access-token.ts'
import type { Result } from '../lib/result.ts'

// ── durable-objects: ApiKeys ──────────────────────────────────────────────────

/** What is known of a key; never the key, and its hash stays in the object. */
export interface ApiKey {
  readonly id: string
  /** What it is for, in its maker's words. */
  readonly name: string
  readonly tenant: string
  readonly subject: string
  readonly scopes: readonly string[]
  /** Servers it counts at; empty = all. */
  readonly servers: readonly string[]
  readonly createdAtSeconds: number
  readonly expiresAtSeconds: number
  /** To the hour. */
  readonly lastUsedAtSeconds?: number
  readonly revokedAtSeconds?: number
  /** The key that takes its place. */
  readonly rotatedTo?: string
}
export type NewApiKey = Pick<ApiKey, 'name' | 'tenant' | 'subject' | 'scopes' | 'servers'> & {
  readonly id: string
  readonly hash: string
  readonly lifetimeSeconds: number
}
export type ApiKeyFailure = { reason: 'too_many' | 'exists' | 'unknown' | 'revoked' }

/** One object, name `api-keys`. */
export interface ApiKeys {
  create(key: NewApiKey): Result<ApiKey, ApiKeyFailure>
  /** The key whose id and hash these are, if it counts now. */
  verify(id: string, hash: string): ApiKey | null
  list(): ApiKey[]
  /** A successor of the same rights; the old key counts on for the overlap. */
  rotate(
    id: string,
    successor: Pick<NewApiKey, 'id' | 'hash'>,
    overlapSeconds: number,
  ): Result<ApiKey, ApiKeyFailure>
  revoke(id: string): Result<ApiKey, ApiKeyFailure>
  /** At most `limit` keys with ids after `after`, sorted by id. */
  backUp(after: string, limit: number): ApiKeyRow[]
  restore(rows: readonly ApiKeyRow[]): Restored
}

// ── durable-objects: Connection (a person's account at an upstream service) ───

export interface ConnectionOwner {
  readonly tenant: string
  readonly subject: string
  /** By the name the operator configured. */
  readonly service: string
}
export interface ConnectionStatus {
  readonly title: string
  /** Absent: not linked. */
  readonly linkedAtSeconds?: number
  /** To the hour. */
  readonly usedAtSeconds?: number
}
export interface ConnectionFailure {
  reason:
    /** The capability is forged, of another deployment, or expired; or the service said no. */
    | 'refused'
    /** No such service for this server; or no linking under way. */
    | 'unknown'
    | 'not_linked'
    /** Nobody is signed in. */
    | 'anonymous'
    /** The service does not answer. */
    | 'unavailable'
    /** Not to one of the service's hosts, or too large. */
    | 'not_allowed'
  /** The service, as people know it. */
  title?: string
  /** Where the person links it. */
  link?: string
}
/** A request to an upstream service; the token is put in by the platform. */
export interface ConnectionRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string | ArrayBuffer
}
/** One object per person and service, name = `connectionObjectName()`; deletes itself by alarm. */
export interface Connections {
  /** What the operator configured; the same from every object. */
  services(): { name: string; title: string }[]
  status(owner: ConnectionOwner): ConnectionStatus | null
  /** Begins to link; where to send the person. `null`: no such service. */
  begin(owner: ConnectionOwner, redirectUri: string): Promise<string | null>
  /** @param callback the URL with which the service sent them back */
  finish(owner: ConnectionOwner, callback: string): Promise<Result<void, ConnectionFailure>>
  unlink(owner: ConnectionOwner): Promise<boolean>
  /** A token that counts; never the one that was `refused`. For the objects Worker alone. */
  token(owner: ConnectionOwner, refused?: string): Promise<Result<string, ConnectionFailure>>
  /** `null`: not linked. */
  backUp(): ConnectionRow | null
  /** @returns `false`: what is there, or that it was unlinked since, counts instead */
  restore(owner: ConnectionOwner, row: ConnectionRow): Promise<boolean>
}
export const connectionObjectName = ({ tenant, subject, service }: ConnectionOwner): string =>
  JSON.stringify([tenant, subject, service])

// ── oauth ─────────────────────────────────────────────────────────────────────

/** What counts as a credential, beside tokens signed by one of the keys. */
export interface CredentialKinds {
  /** Public keys of access tokens (RFC 7517); overlap covers the longest token lifetime. */
  keys: JsonWebKey[]
  /** `iss` of tokens to ask {@link OAuth.verifyCredential} about. */
  trustedIssuers: readonly string[]
  /** Whether to ask about API keys. */
  apiKeys: boolean
}
/** `unavailable`: a trusted issuer's keys cannot be had now. */
export type CredentialFailure = AccessTokenFailure | { reason: 'unavailable' }

export interface OAuth {
  credentialKinds(): CredentialKinds
  /** Judges an API key or a trusted issuer's token for one server; keep the verdict until it expires. */
  verifyCredential(
    credential: string,
    server: string,
  ): Promise<Result<VerifiedToken, CredentialFailure>>
}

// ── durable-objects: GrantStore (what workers-oauth-provider keeps) ───────────

export interface StoredValue {
  value: string
  /** Goes up with every write; pass it back to `put` for compare-and-set. */
  revision: number
  metadata: unknown
}
export interface PutOptions {
  expiresAtSeconds?: number
  metadata?: unknown
  /** Write only if the stored revision is this one (0 = must not exist). Absent = write anyway. */
  ifRevision?: number
  /** A new row is not written where the object holds so many. */
  maxRows?: number
}
/** One object per shard of the oauth Worker's keyspace; expired rows go by alarm. */
export interface GrantStore {
  get(key: string): StoredValue | null
  /** `false`: another writer was first, or there is no room; nothing was written. */
  put(key: string, value: string, options: PutOptions): boolean | Promise<boolean>
  /**
   * One more of what is counted under `key`, in a window that begins with the first.
   * `false`: `max` were counted in it already.
   */
  count(key: string, max: number, windowSeconds: number): boolean | Promise<boolean>
  /** `false`: there was nothing to delete (which is how single use is decided). */
  delete(key: string): boolean | Promise<boolean>
  list(
    prefix: string,
    limit: number,
    cursor?: string,
  ): {
    keys: { name: string; metadata: unknown; expiresAtSeconds?: number }[]
    cursor?: string
  }
  /** Of a person's object: grants with keys after `after`, sorted, about `maxChars` of them, one at least. */
  backUp(after: string, maxChars: number): GrantRow[]
  /** Grants that exist here, or were ended here, are left as they are. */
  restore(rows: readonly GrantRow[]): Restored | Promise<Restored>
  /** Enters the directory; `false`: this is no person's object, or it holds nothing. */
  adopt(): boolean | Promise<boolean>
}

// ── durable-objects: Replay (which DPoP proofs were used) ─────────────────────

/** One object per proof key, name = its thumbprint; deletes itself by alarm. */
export interface Replay {
  /**
   * Compare-and-set: of all who bring one proof, exactly one gets `true`.
   * @param proof names it within its key: see `claimProof` in shared/identity/replay.ts
   */
  claim(proof: string): boolean | Promise<boolean>
}

/** A grant of one person, as its object keeps it. */
export interface GrantRow {
  readonly key: string
  readonly value: string
  readonly metadata: unknown
  readonly expiresAtSeconds: number | null
}

export type ApiKeyRow = ApiKey & { readonly hash: string }

/** Tokens at an upstream service, sealed under CONNECTIONS. */
export interface ConnectionRow {
  readonly sealed: string
  readonly revision: number
  readonly linkedAtSeconds: number
  readonly usedAtSeconds?: number
  /** When it ends unused. */
  readonly expiresMs: number
}

/** How many records of a kind were written, and left out because what is there knows better. */
export type Restored = Readonly<Record<'written' | 'kept', number>>
