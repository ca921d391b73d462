/**
 * The catalog as this isolate sees it: feed → index → server record, all in
 * memory on the common call. Discovers servers nobody registered, and notices
 * redeploys (DESIGN §2).
 */
import type { LocalChange } from '#shared/catalog/readers/feed-local.ts'
import type { SigningKey } from '#shared/identity/assertion.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import type { Principal } from '#shared/identity/principal.ts'
import { isInCanary } from '#shared/catalog/canary.ts'
import { type Arm, type CatalogIndex, type ServerPointer, viewOf } from '#shared/catalog/entry.ts'
import {
  createFeedReader,
  type FeedReader,
  type FeedView,
} from '#shared/catalog/readers/feed-reader.ts'
import {
  createSnapshotReader,
  type SnapshotReader,
} from '#shared/catalog/readers/snapshot-reader.ts'
import { feedOf } from '#shared/contracts/entrypoints.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import {
  CatalogUnavailable,
  type CatalogPort,
  type FeedStatus,
  type ServerRecord,
} from '#shared/gateway/ports.ts'
import { createDiscovery, type Discovery } from './discovery.ts'
import { codeOf, type Servers } from '../servers.ts'

const EMPTY_INDEX: CatalogIndex = { version: 0, servers: {} }
const NOTHING_READ: FeedView = {
  stampMs: -Infinity,
  catalogVersion: 0,
  catalogSeal: undefined,
  revokedGrants: new Set(),
  deletedSessions: new Set(),
  lostBeforeSeconds: 0,
}

export class CatalogView implements CatalogPort {
  readonly feedReader: FeedReader
  readonly #snapshot: SnapshotReader
  readonly #discovery: Discovery
  readonly #servers: Servers
  readonly #sealSecrets: string
  readonly #rebuildCheckMs: number
  readonly #records = new Map<string, ServerRecord>()
  readonly #rebuildCheckedMs = new Map<string, number>()
  /** Newer than the feed may know: an index this isolate's own publish brought. */
  #index: CatalogIndex = EMPTY_INDEX

  constructor(env: Cloudflare.Env, servers: Servers, signingKey: SigningKey) {
    this.#servers = servers
    this.#sealSecrets = env.SEAL_SECRETS
    this.#rebuildCheckMs = Number(env.REBUILD_CHECK_SECONDS) * 1000
    this.#discovery = createDiscovery(servers, env.CATALOG, signingKey)
    this.#snapshot = createSnapshotReader({
      kv: env.CATALOG_KV,
      catalog: () => catalogOf(env.CATALOG),
    })
    this.feedReader = createFeedReader({
      feed: () => feedOf(env.FEED),
      deployment: env.PUBLIC_ORIGIN,
    })
  }

  applyLocally(change: LocalChange): void {
    this.feedReader.applyLocally(change)
  }

  /** @param maxAgeMs wait rather than see an older feed; default: the bounds of DESIGN §2 */
  async feed(ctx: ExecutionContext, maxAgeMs?: number): Promise<FeedStatus> {
    const current = maxAgeMs === undefined ? this.feedReader.current(Date.now()) : undefined
    if (current) return { view: current, unreachable: false }
    const options = maxAgeMs === undefined ? {} : { maxAgeMs }
    const read = await this.feedReader.read(ctx, options)
    if (read.ok) return { view: read.value, unreachable: false }
    return { view: read.failure.last ?? NOTHING_READ, unreachable: true }
  }

  /** @throws CatalogUnavailable */
  async index(feed: FeedStatus, ctx: ExecutionContext): Promise<CatalogIndex> {
    const { catalogVersion, catalogSeal } = feed.view
    if (this.#index.version >= catalogVersion && !neverRead(feed)) return this.#index
    const read = await this.#snapshot.index(catalogVersion, catalogSeal, ctx)
    if (read.ok) return this.#adopt(read.value)
    // An older index is better than none: its servers still answer.
    if (this.#index.version > 0) return this.#index
    throw new CatalogUnavailable('the catalog index cannot be read')
  }

  /**
   * @returns `undefined` when there is no such server
   * @throws CatalogUnavailable
   */
  async server(
    name: string,
    feed: FeedStatus,
    ctx: ExecutionContext,
    principal?: Principal,
  ): Promise<ServerRecord | undefined> {
    const index = await this.index(feed, ctx)
    if (index.servers[name]) return this.#record(name, index, ctx, principal)
    if (this.#discovery.isKnownMiss(name, Date.now())) return undefined
    return this.redescribe(name, ctx, principal)
  }

  /**
   * Asks the server anew what it is, and publishes it: first sight, or a digest mismatch.
   *
   * @param script whose answer did not fit, where that was a canary's
   */
  async redescribe(
    name: string,
    ctx: ExecutionContext,
    principal?: Principal,
    script?: 'canary',
  ): Promise<ServerRecord | undefined> {
    const published = await this.#discovery.publish(name, ctx, script)
    return published && this.#record(name, this.#adopt(published), ctx, principal)
  }

  /** As {@link redescribe}, for an operator. @returns whether there is such code, and it was taken */
  async publishNow(name: string, ctx: ExecutionContext, script?: 'canary'): Promise<boolean> {
    const published = await this.#discovery.publish(name, ctx, script)
    if (published) this.#adopt(published)
    return published !== undefined
  }

  /** SERVERS said that it does not know the name. */
  forget(name: string): void {
    this.#records.delete(name)
    this.#discovery.remember(name, Date.now())
  }

  /**
   * Has the server been rebuilt? Looks behind the request, at most once per
   * REBUILD_CHECK_SECONDS; where that is 0 (development), the request waits for it.
   *
   * @param everyMs instead, for who only listens
   */
  async checkRebuild(
    { name, arm }: Pick<ServerRecord, 'name' | 'arm'>,
    ctx: ExecutionContext,
    everyMs = this.#rebuildCheckMs,
  ): Promise<void> {
    const nowMs = Date.now()
    const code = `${name} ${arm.script ?? ''}`
    if (nowMs - (this.#rebuildCheckedMs.get(code) ?? -Infinity) < everyMs) return
    this.#rebuildCheckedMs.set(code, nowMs)
    // What runs beside the server may since have been deployed as the server itself.
    const beside = arm.script && this.redescribe(name, ctx, undefined, arm.script)
    const look = Promise.all([this.redescribe(name, ctx), beside])
    ctx.waitUntil(look)
    if (everyMs === 0) await look
  }

  #adopt(index: CatalogIndex): CatalogIndex {
    if (index.version > this.#index.version) this.#index = index
    return this.#index
  }

  async #record(
    name: string,
    index: CatalogIndex,
    ctx: ExecutionContext,
    principal: Principal | undefined,
  ): Promise<ServerRecord | undefined> {
    const pointer = index.servers[name]
    if (!pointer) return undefined
    const arm = armFor(pointer, principal)
    const isCanary = arm !== pointer
    const slot = isCanary ? `${name}--canary` : name
    const kept = this.#records.get(slot)
    if (kept && kept.arm === arm && kept.policy === pointer.policy) return kept
    const handle = codeOf(this.#servers, name, arm)
    if (!handle) return undefined
    const read = await this.#snapshot.server(name, viewOf(arm), ctx)
    if (!read.ok) throw new CatalogUnavailable(`the definitions of ${name} cannot be read`)
    const record: ServerRecord = {
      name,
      policy: pointer.policy,
      arm,
      isCanary,
      hasCanary: pointer.canary !== undefined,
      ...(this.#rebuildCheckMs === 0 ? { ttlMs: 0 } : {}),
      compiled: read.value,
      handle,
      seal: kept?.seal ?? (await deriveSealKeys(this.#sealSecrets, `server/${name}`)),
      decisions: new Map(),
    }
    this.#records.set(slot, record)
    return record
  }
}

/** Which revision a caller is shown; without a caller, the live one. */
function armFor(pointer: ServerPointer, principal: Principal | undefined): Arm {
  const { canary } = pointer
  return canary && principal && isInCanary(canary, principal) ? canary : pointer
}

const neverRead = (feed: FeedStatus): boolean => feed.view.stampMs === -Infinity
