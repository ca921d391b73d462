/**
 * One person's account at one upstream service: a linking under way, then its tokens,
 * sealed under a key of CONNECTIONS and bound to tenant, subject and service. Refreshes
 * are made here, one at a time; what was written meanwhile wins. Deletes itself when
 * nobody used it for half a year.
 *
 * Does NOT know who asks: the sign-in page and the entrypoint Platform do.
 */
import { DurableObject } from 'cloudflare:workers'
import { open, seal } from '#shared/identity/seal.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { connectionConfig, type Provider } from '#shared/services/connection-config.ts'
import {
  CONNECTION_IDLE_SECONDS,
  CONNECTION_USED_PRECISION_SECONDS,
  LINKING_SECONDS,
  REPEATED_LINKING_SECONDS,
  TOKEN_EARLY_SECONDS,
} from '#shared/services/connection-limits.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import {
  connectionObjectName,
  type ConnectionFailure,
  type ConnectionOwner,
  type ConnectionRow,
  type ConnectionStatus,
  type Connections,
} from '#shared/contracts/entrypoints.ts'
import {
  beginLinking,
  finishLinking,
  isRefusal,
  refreshTokens,
  revokeTokens,
  type Linking,
  type UpstreamTokens,
} from './connection-flow.ts'
import { Expiry } from '../expiry.ts'
import { Listed } from '../backup/listed.ts'

/** Beside `Expiry`'s and `Listed`'s own; `schema` 1. */
const LINKING = 'linking'
/** The linking that was finished last, for as long as its answer may come again. */
const FINISHED = 'finished'
const LINKED = 'linked'
/** When it was unlinked, in seconds: no backup brings back what was linked before. */
const UNLINKED = 'unlinked'

interface StoredLinking {
  readonly schema: 1
  readonly sealed: string
  readonly expiresAtSeconds: number
}
/** Absent in what an older release began. */
type BegunLinking = Linking & { readonly url?: string; readonly begunAtSeconds?: number }

interface StoredTokens {
  readonly schema: 1
  readonly sealed: string
  /** Goes up with every write of tokens. */
  readonly revision: number
  readonly linkedAtSeconds: number
  readonly usedAtSeconds?: number
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export class ConnectionObject extends DurableObject<Cloudflare.Env> implements Connections {
  readonly #kv: SyncKvStorage
  readonly #expiry: Expiry
  readonly #listed: Listed
  /** Calls of one person at once: one refresh for all. */
  #refreshing: Promise<Result<string, ConnectionFailure>> | undefined
  /** Under way to the service: lost with the object, as the answer of the service then is. */
  #finishing: { state: string; done: Promise<Result<void, ConnectionFailure>> } | undefined

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#kv = state.storage.kv
    this.#expiry = new Expiry(state.storage)
    this.#listed = new Listed(state.storage, 'connection', () => this.env.DIRECTORY)
  }

  services(): { name: string; title: string }[] {
    return [...this.#config().providers].map(([name, { title }]) => ({ name, title }))
  }

  status({ service }: ConnectionOwner): ConnectionStatus | null {
    const provider = this.#config().providers.get(service)
    if (!provider) return null
    const linked = this.#linked()
    const used = linked?.usedAtSeconds
    return {
      title: provider.title,
      ...(linked ? { linkedAtSeconds: linked.linkedAtSeconds } : {}),
      ...(used === undefined ? {} : { usedAtSeconds: used }),
    }
  }

  /**
   * Where to send the person. The same form again within some seconds is sent to the same address:
   * of two answers the browser follows one, and either must find what it began.
   *
   * @returns `null`: there is no such service
   */
  async begin(owner: ConnectionOwner, redirectUri: string): Promise<string | null> {
    const provider = this.#config().providers.get(owner.service)
    if (!provider) return null
    const open = await this.#linking(owner, this.#kv.get<StoredLinking>(LINKING))
    const isRepeated = nowSeconds() - (open?.begunAtSeconds ?? 0) <= REPEATED_LINKING_SECONDS
    if (open?.url && open.redirectUri === redirectUri && isRepeated) return open.url
    const { url, linking } = await beginLinking(owner.service, provider, redirectUri)
    const begun = { ...linking, url, begunAtSeconds: nowSeconds() } satisfies BegunLinking
    const sealed = await seal(await this.#config().keys(), purposeOf(owner, LINKING), begun)
    const stored: StoredLinking = {
      schema: 1,
      sealed,
      expiresAtSeconds: nowSeconds() + LINKING_SECONDS,
    }
    this.#kv.put(LINKING, stored)
    this.#expiry.renew(LINKING_SECONDS * 1000, Date.now())
    return url
  }

  /**
   * The way back from the service. A linking is finished once; the same answer again, at once or
   * within some seconds, is told the same. An answer to something else uses nothing up.
   */
  async finish(owner: ConnectionOwner, callback: string): Promise<Result<void, ConnectionFailure>> {
    const provider = this.#config().providers.get(owner.service)
    const state = new URL(callback).searchParams.get('state') ?? ''
    const stored = this.#kv.get<StoredLinking>(LINKING)
    const linking = await this.#linking(owner, stored)
    // Nothing is awaited from here until the linking is taken.
    const isOpen = this.#kv.get<StoredLinking>(LINKING)?.sealed === stored?.sealed
    if (provider && stored && linking?.state === state && isOpen) {
      this.#kv.delete(LINKING)
      const done = this.#finish(owner, provider, linking, stored, callback)
      this.#finishing = { state, done }
      return done.finally(() => {
        if (this.#finishing?.done === done) this.#finishing = undefined
      })
    }
    if (this.#finishing?.state === state) return this.#finishing.done
    const before = await this.#linking(owner, this.#kv.get<StoredLinking>(FINISHED))
    return before?.state === state ? ok(undefined) : fail({ reason: 'unknown' })
  }

  async #finish(
    owner: ConnectionOwner,
    provider: Provider,
    linking: Linking,
    { sealed }: StoredLinking,
    callback: string,
  ): Promise<Result<void, ConnectionFailure>> {
    try {
      await this.#keep(owner, await finishLinking(provider, linking, new URL(callback)))
      const expiresAtSeconds = nowSeconds() + REPEATED_LINKING_SECONDS
      this.#kv.put(FINISHED, { schema: 1, sealed, expiresAtSeconds } satisfies StoredLinking)
      return ok(undefined)
    } catch (error) {
      if (!isRefusal(error))
        logUnexpected('connection_not_linked', error, { service: owner.service })
      return fail({ reason: isRefusal(error) ? 'refused' : 'unavailable' })
    }
  }

  /** `undefined`: there is none, or its time is over. */
  async #linking(
    owner: ConnectionOwner,
    stored: StoredLinking | undefined,
  ): Promise<BegunLinking | undefined> {
    if (!stored || stored.expiresAtSeconds <= nowSeconds()) return undefined
    return this.#open<BegunLinking>(owner, LINKING, stored.sealed)
  }

  /** Forgets the tokens, and asks the service to. @returns whether there were any */
  async unlink(owner: ConnectionOwner): Promise<boolean> {
    const linked = this.#linked()
    await this.#listed.leave(() => this.#forget(linked !== undefined))
    const provider = this.#config().providers.get(owner.service)
    const tokens = linked && (await this.#open<UpstreamTokens>(owner, LINKED, linked.sealed))
    if (tokens && provider?.revocationEndpoint) {
      const token = tokens.refreshToken ?? tokens.accessToken
      await revokeTokens(provider, token).catch((error: unknown) => {
        logUnexpected('connection_not_revoked', error, { service: owner.service })
      })
    }
    return linked !== undefined
  }

  async #forget(wasLinked: boolean): Promise<void> {
    await this.ctx.storage.deleteAll()
    if (!wasLinked) return
    this.#kv.put(UNLINKED, nowSeconds())
    this.#expiry.renew(CONNECTION_IDLE_SECONDS * 1000, Date.now())
  }

  /** @param refused a token that the service took no more */
  async token(
    owner: ConnectionOwner,
    refused?: string,
  ): Promise<Result<string, ConnectionFailure>> {
    const provider = this.#config().providers.get(owner.service)
    if (!provider) return fail({ reason: 'unknown' })
    const linked = this.#linked()
    if (!linked) return fail({ reason: 'not_linked' })
    const tokens = await this.#open<UpstreamTokens>(owner, LINKED, linked.sealed)
    // Sealed under a key that is gone: as good as never linked.
    if (!tokens) return fail({ reason: 'not_linked' })
    await this.#noteUse(owner, linked)
    const { accessToken, expiresAtSeconds = Infinity } = tokens
    const isDue = expiresAtSeconds - TOKEN_EARLY_SECONDS <= nowSeconds()
    if (!isDue && accessToken !== refused) return ok(accessToken)
    this.#refreshing ??= this.#refresh(owner, provider, tokens, linked.revision).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  backUp(): ConnectionRow | null {
    const linked = this.#linked()
    if (!linked) return null
    const { schema: _schema, ...row } = linked
    return { ...row, expiresMs: this.#expiry.expiresMs }
  }

  async restore(owner: ConnectionOwner, { expiresMs, ...row }: ConnectionRow): Promise<boolean> {
    await this.#listed.enter(connectionObjectName(owner))
    const leftMs = expiresMs - Date.now()
    const unlinkedAtSeconds = this.#kv.get<number>(UNLINKED) ?? 0
    if (this.#linked() || unlinkedAtSeconds >= row.linkedAtSeconds || leftMs <= 0) return false
    this.#kv.put(LINKED, { schema: 1, ...row } satisfies StoredTokens)
    this.#expiry.renew(leftMs, Date.now())
    return true
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    if (this.#expiry.isAlive(nowMs)) await this.#expiry.sweep(nowMs)
    else await this.#listed.leave(() => this.#expiry.sweep(nowMs))
  }

  async #refresh(
    owner: ConnectionOwner,
    provider: Provider,
    { refreshToken }: UpstreamTokens,
    revision: number,
  ): Promise<Result<string, ConnectionFailure>> {
    try {
      if (refreshToken === undefined) return this.#ended(revision)
      const fresh = await refreshTokens(provider, refreshToken)
      const current = this.#linked()
      // Unlinked meanwhile: nothing may come back. Linked anew: that is what counts.
      if (!current) return fail({ reason: 'not_linked' })
      if (current.revision !== revision) return await this.token(owner)
      await this.#keep(owner, fresh, current)
      return ok(fresh.accessToken)
    } catch (error) {
      if (isRefusal(error)) return this.#ended(revision)
      logUnexpected('connection_not_refreshed', error, { service: owner.service })
      return fail({ reason: 'unavailable' })
    }
  }

  /** The service takes us no more: the person must link it again. */
  #ended(revision: number): Result<never, ConnectionFailure> {
    if (this.#linked()?.revision === revision) this.#kv.delete(LINKED)
    logEvent('connection_ended', {})
    return fail({ reason: 'not_linked' })
  }

  /** @param from what it takes the place of; nothing is written if that is no longer there */
  async #keep(owner: ConnectionOwner, tokens: UpstreamTokens, from?: StoredTokens): Promise<void> {
    const sealed = await seal(await this.#config().keys(), purposeOf(owner, LINKED), tokens)
    await this.#listed.enter(connectionObjectName(owner))
    const current = this.#linked()
    if (from && current?.revision !== from.revision) return
    const revision = Math.max(Date.now(), (current?.revision ?? 0) + 1)
    const linkedAtSeconds = from?.linkedAtSeconds ?? nowSeconds()
    const stored: StoredTokens = {
      schema: 1,
      sealed,
      revision,
      linkedAtSeconds,
      usedAtSeconds: nowSeconds(),
    }
    this.#kv.put(LINKED, stored)
    this.#expiry.renew(CONNECTION_IDLE_SECONDS * 1000, Date.now())
  }

  async #noteUse(owner: ConnectionOwner, { revision }: StoredTokens): Promise<void> {
    // Linked by an earlier release, or the Directory did not answer then.
    await this.#listed.enter(connectionObjectName(owner))
    const now = nowSeconds()
    const linked = this.#linked()
    if (linked?.revision !== revision) return
    if (now - (linked.usedAtSeconds ?? 0) < CONNECTION_USED_PRECISION_SECONDS) return
    this.#kv.put(LINKED, { ...linked, usedAtSeconds: now } satisfies StoredTokens)
    this.#expiry.renew(CONNECTION_IDLE_SECONDS * 1000, Date.now())
  }

  #linked(): StoredTokens | undefined {
    return this.#kv.get<StoredTokens>(LINKED)
  }

  async #open<Value>(
    owner: ConnectionOwner,
    use: string,
    sealed: string,
  ): Promise<Value | undefined> {
    const opened = await open<Value>(await this.#config().keys(), purposeOf(owner, use), sealed)
    return opened.ok ? opened.value : undefined
  }

  #config() {
    return connectionConfig(this.env.CONNECTIONS)
  }
}

/** Additional data of the seal: what is of one person opens for nobody else, copied or not. */
const purposeOf = ({ tenant, subject, service }: ConnectionOwner, use: string): string =>
  `connection/${use}/${JSON.stringify([tenant, subject, service])}`
