/**
 * What workers-oauth-provider takes for KV, over GrantStore objects with
 * compare-and-set: of two writers that read the same state, one is refused. One
 * adapter per request: it remembers the revisions it read.
 *
 * A token request holds its grant back until the answer is known (`holdsGrants`):
 * what is answered and what is stored are then one decision, written at once.
 *
 * Access tokens are JWTs, so the library's own `token:` rows are never kept.
 * Cross-user lists are not supported: nothing here needs them.
 */
import { AuthorizationError, OAuthError, type ClientInfo } from '@cloudflare/workers-oauth-provider'
import { grantStoreOf } from '#shared/contracts/entrypoints.ts'
import type { RegisteredClient } from './authorize/client-id.ts'
import { summaryOf, type GrantRecord } from './token/grant-record.ts'
import {
  ANSWERED_CONSENT_SECONDS,
  NO_ROOM_RETRY_SECONDS,
  PENDING_PER_OBJECT_MAX,
} from './limits.ts'

type Shard = ReturnType<typeof grantStoreOf>

/** Opaque user ids are 43 characters of base64url; no other text may name an object. */
const USER_ID = /^[A-Za-z0-9_-]{43}$/
const ASSERTION_PREFIX = 'client-assertion-jti:'
const KEY = /^(grant|transaction|signin|client-assertion-jti):([^:]+)(?::([^:]+))?$/

export class Shards {
  readonly #namespace: DurableObjectNamespace

  constructor(namespace: DurableObjectNamespace) {
    this.#namespace = namespace
  }

  of(name: string): Shard {
    return grantStoreOf(this.#namespace, name)
  }

  /** The object that holds `key`; `undefined` for a key that no code of ours makes. */
  holding(key: string): Shard | undefined {
    const [, kind, owner = '', rest] = KEY.exec(key) ?? []
    if (kind === 'grant') return rest && USER_ID.test(owner) ? this.of(`u:${owner}`) : undefined
    // Spread over 256 objects by the first two characters of a random key.
    return kind ? this.of(`t:${owner.slice(0, 2)}`) : undefined
  }
}

export interface StoreOptions {
  readonly shards: Shards
  /** The client behind a sealed id. */
  openClient(clientId: string): Promise<RegisteredClient | undefined>
  /** Called before a grant goes: its access tokens must stop counting. */
  grantRevoked(grantId: string): Promise<void>
  readonly publicOrigin: string
  /** Grants are written by {@link GrantKv.commit} alone. */
  readonly holdsGrants?: boolean
  /**
   * Keys of the client assertions this request has used up. A request that is attempted again
   * authenticates again, with the same assertion: every attempt shares one set.
   */
  readonly assertionsUsed?: Set<string>
  /** A consent page is answered by {@link GrantKv.settleConsent} alone. */
  readonly holdsConsent?: boolean
}

/** A consent page that the library has opened, and nobody has answered yet, or somebody has. */
interface OpenedConsent {
  readonly key: string
  /** How it was answered, sealed (consent-transaction.ts). */
  readonly outcome: string | undefined
}

/** Between the library's sealed request and our sealed outcome; neither has one. */
const OUTCOME_SEPARATOR = ' '

/** A grant that the library has decided on, and nobody has written yet. */
export interface HeldGrant {
  readonly key: string
  /** As it was read. */
  readonly before: GrantRecord | undefined
  readonly after: GrantRecord
  readonly expiresAtSeconds: number | undefined
}

interface KvPutOptions {
  expiration?: number
  expirationTtl?: number
  metadata?: unknown
}

export class GrantKv {
  /** What a registration wanted to store; the caller seals it into the client id instead. */
  registered: ClientInfo | undefined
  /** The client the library last looked up: its registration decides on refresh tokens and bindings. */
  client: RegisteredClient | undefined
  held: HeldGrant | undefined
  consent: OpenedConsent | undefined
  readonly #options: StoreOptions
  readonly #seen = new Map<string, { value: string | null; revision: number }>()

  constructor(options: StoreOptions) {
    this.#options = options
  }

  async get(key: string, options?: { type: 'json' }): Promise<unknown> {
    if (key.startsWith('client:')) return (await this.#client(key.slice(7))) ?? null
    // The library reads whether an assertion was used, then writes that it is: two requests may
    // both read "no". So the write decides, and the read costs no call.
    if (key.startsWith(ASSERTION_PREFIX)) return null
    const stored = await this.#read(key)
    const value = key.startsWith('transaction:') ? stored && requestIn(stored) : stored
    return value !== null && options?.type === 'json' ? (JSON.parse(value) as unknown) : value
  }

  async put(key: string, value: string, options: KvPutOptions = {}): Promise<void> {
    if (key.startsWith('token:')) return
    if (key.startsWith('client:')) {
      this.registered = JSON.parse(value) as ClientInfo
      return
    }
    const { expiration, expirationTtl } = options
    const expiresAtSeconds = expiration ?? (expirationTtl && nowSeconds() + expirationTtl)
    if (key.startsWith(ASSERTION_PREFIX)) return this.#useAssertion(key, value, expiresAtSeconds)
    if (!key.startsWith('grant:')) return this.#putPending(key, value, expiresAtSeconds)
    const after = JSON.parse(value) as GrantRecord
    this.held = { key, before: this.grant(key), after, expiresAtSeconds }
    if (this.#options.holdsGrants) return
    if (!(await this.commit(after))) throw conflict()
  }

  /**
   * Writes `grant` in place of the one that is held.
   * @returns `false`: another request wrote first; nothing was written
   */
  async commit(grant: GrantRecord): Promise<boolean> {
    const { held } = this
    if (!held) throw new TypeError('No grant is held')
    this.held = undefined
    const { key, expiresAtSeconds } = held
    const written = await this.#shard(key).put(key, JSON.stringify(grant), {
      ...(expiresAtSeconds === undefined ? {} : { expiresAtSeconds }),
      metadata: summaryOf(grant, this.#options.publicOrigin),
      ifRevision: this.#seen.get(key)?.revision ?? 0,
    })
    this.#seen.delete(key)
    return written
  }

  /**
   * Writes how the opened consent page was answered, beside what was asked.
   * @param outcome sealed
   * @returns `false`: another request answered it first; nothing was written
   */
  async settleConsent(outcome: string): Promise<boolean> {
    const key = this.consent?.key ?? ''
    const { value, revision } = this.#seen.get(key) ?? {}
    if (!value || revision === undefined) throw new TypeError('No consent page is open')
    this.#seen.delete(key)
    return this.#shard(key).put(key, requestIn(value) + OUTCOME_SEPARATOR + outcome, {
      expiresAtSeconds: nowSeconds() + ANSWERED_CONSENT_SECONDS,
      ifRevision: revision,
    })
  }

  /** The grant this request has read: the library reads none before the client has authenticated. */
  grant(key: string): GrantRecord | undefined {
    const value = this.#seen.get(key)?.value
    return value ? (JSON.parse(value) as GrantRecord) : undefined
  }

  async delete(key: string): Promise<void> {
    if (key.startsWith('token:')) return
    if (key.startsWith('transaction:') && this.#options.holdsConsent) {
      const [, outcome] = (await this.#read(key))?.split(OUTCOME_SEPARATOR) ?? []
      this.consent = { key, outcome }
      return
    }
    if (key.startsWith('grant:')) {
      // First the feed: a grant that is gone while its tokens live could not be revoked again.
      await this.#options.grantRevoked(key.slice(key.lastIndexOf(':') + 1))
    }
    this.#seen.delete(key)
    const existed = await this.#shard(key).delete(key)
    // Consent handles work once, also when two requests bring the same one.
    if (!existed && key.startsWith('transaction:')) throw alreadyUsed()
  }

  /** The library lists a grant's access tokens before it revokes it; there are none. */
  async list({ prefix }: { prefix?: string }) {
    if (!prefix?.startsWith('token:')) throw new TypeError('Only access tokens can be listed')
    return { keys: [], list_complete: true as const, cacheStatus: null }
  }

  async #client(clientId: string): Promise<RegisteredClient | undefined> {
    this.client = await this.#options.openClient(clientId)
    return this.client
  }

  async #read(key: string): Promise<string | null> {
    const seen = this.#seen.get(key)
    if (seen) return seen.value
    const stored = (await this.#options.shards.holding(key)?.get(key)) ?? null
    const value = stored?.value ?? null
    this.#seen.set(key, { value, revision: stored?.revision ?? 0 })
    return value
  }

  /** @throws OAuthError for an assertion that another request has used, or where there is no room to note it */
  async #useAssertion(key: string, value: string, expiresAtSeconds?: number): Promise<void> {
    const { assertionsUsed } = this.#options
    if (assertionsUsed?.has(key)) return
    const shard = this.#shard(key)
    const isFirst = await shard.put(key, value, {
      ...(expiresAtSeconds === undefined ? {} : { expiresAtSeconds }),
      ifRevision: 0,
      maxRows: PENDING_PER_OBJECT_MAX,
    })
    if (!isFirst) throw (await shard.get(key)) ? assertionUsed() : noRoom()
    assertionsUsed?.add(key)
  }

  /** Rows under random names, gone within minutes; strangers cause them, so there is a ceiling. */
  async #putPending(key: string, value: string, expiresAtSeconds?: number): Promise<void> {
    const written = await this.#shard(key).put(key, value, {
      ...(expiresAtSeconds === undefined ? {} : { expiresAtSeconds }),
      ifRevision: this.#seen.get(key)?.revision ?? 0,
      maxRows: PENDING_PER_OBJECT_MAX,
    })
    this.#seen.delete(key)
    if (written) return
    throw key.startsWith('transaction:') ? tooMany() : conflict()
  }

  #shard(key: string): Shard {
    const shard = this.#options.shards.holding(key)
    if (!shard) throw new TypeError('No object holds such a key')
    return shard
  }
}

/** The library's part of a consent page's row. */
const requestIn = (stored: string): string => stored.split(OUTCOME_SEPARATOR, 1)[0] ?? ''

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const conflict = (): OAuthError =>
  new OAuthError('invalid_grant', {
    description: 'Another request used this code or token at the same moment',
    internal: { category: 'token-issuance', reason: 'another_writer_was_first' },
  })

/** As the library answers an assertion that it finds used (RFC 6749 §5.2). */
const assertionUsed = (): OAuthError =>
  new OAuthError('invalid_client', {
    description: 'Client authentication failed',
    statusCode: 401,
    internal: { category: 'client-authentication', reason: 'replayed' },
  })

const noRoom = (): OAuthError =>
  new OAuthError('temporarily_unavailable', {
    description: 'Too many clients authenticate at this moment; try again in a minute',
    statusCode: 503,
    headers: { 'Retry-After': String(NO_ROOM_RETRY_SECONDS) },
    internal: { category: 'client-authentication', reason: 'no_room_for_assertion' },
  })

const tooMany = (): AuthorizationError =>
  new AuthorizationError('temporarily_unavailable', {
    description: 'Too many sign-ins are under way; try again in some minutes',
  })

const alreadyUsed = (): AuthorizationError =>
  new AuthorizationError('invalid_request', {
    description: 'This page was already used; start again from your app',
  })
