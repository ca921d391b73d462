/**
 * The catalog as this isolate sees it: feed → index → server record, all in
 * memory on the common call. Discovers servers nobody registered, and notices
 * redeploys (DESIGN §2).
 */
import type { SigningKey } from '#shared/auth/assertion.ts'
import { deriveSealKeys, type SealKeys } from '#shared/auth/seal.ts'
import type { CatalogIndex, Policy } from '#shared/catalog/entry.ts'
import { createFeedReader, type FeedReader, type FeedView } from '#shared/catalog/feed-reader.ts'
import type { CompiledServer } from '#shared/catalog/list.ts'
import { createSnapshotReader, type SnapshotReader } from '#shared/catalog/snapshot-reader.ts'
import { catalogOf, feedOf } from '#shared/rpc.ts'
import { createDiscovery, type Discovery } from './discovery.ts'
import type { ServerHandle, Servers } from './servers.ts'

/** All a request needs of its server. */
export interface ServerRecord {
  readonly name: string
  readonly policy: Policy
  readonly compiled: CompiledServer
  readonly handle: ServerHandle
  readonly seal: SealKeys
  /** Decision headers by tool: the same text for every call of one tool. */
  readonly decisions: Map<string, string>
}

export interface FeedStatus {
  readonly view: FeedView
  /** Older than its bound, and the feed object does not answer. */
  readonly unreachable: boolean
}

/** Neither snapshot nor object answered: nothing can be decided. One place makes it a 503. */
export class CatalogUnavailable extends Error {
  override readonly name = 'CatalogUnavailable'
}

const EMPTY_INDEX: CatalogIndex = { version: 0, servers: {} }
const NOTHING_READ: FeedView = {
  stampMs: -Infinity,
  catalogVersion: 0,
  revokedGrants: new Set(),
  deletedSessions: new Set(),
}

export class CatalogView {
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
    const { catalogVersion } = feed.view
    if (this.#index.version >= catalogVersion && !neverRead(feed)) return this.#index
    const read = await this.#snapshot.index(catalogVersion, ctx)
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
  ): Promise<ServerRecord | undefined> {
    const index = await this.index(feed, ctx)
    if (index.servers[name]) return this.#record(name, index, ctx)
    if (this.#discovery.isKnownMiss(name, Date.now())) return undefined
    return this.redescribe(name, ctx)
  }

  /** Asks the server anew what it is, and publishes it: first sight, or a digest mismatch. */
  async redescribe(name: string, ctx: ExecutionContext): Promise<ServerRecord | undefined> {
    const published = await this.#discovery.publish(name, ctx)
    return published && this.#record(name, this.#adopt(published), ctx)
  }

  /** SERVERS said that it does not know the name. */
  forget(name: string): void {
    this.#records.delete(name)
    this.#discovery.remember(name, Date.now())
  }

  /**
   * Has the server been rebuilt? Looks behind the request, at most once per
   * REBUILD_CHECK_SECONDS; where that is 0 (development), the request waits for it.
   */
  async checkRebuild(name: string, ctx: ExecutionContext): Promise<void> {
    const nowMs = Date.now()
    if (nowMs - (this.#rebuildCheckedMs.get(name) ?? -Infinity) < this.#rebuildCheckMs) return
    this.#rebuildCheckedMs.set(name, nowMs)
    const look = this.redescribe(name, ctx)
    ctx.waitUntil(look)
    if (this.#rebuildCheckMs === 0) await look
  }

  #adopt(index: CatalogIndex): CatalogIndex {
    if (index.version > this.#index.version) this.#index = index
    return this.#index
  }

  async #record(
    name: string,
    index: CatalogIndex,
    ctx: ExecutionContext,
  ): Promise<ServerRecord | undefined> {
    const pointer = index.servers[name]
    const handle = this.#servers.get(name)
    if (!pointer || !handle) return undefined
    const kept = this.#records.get(name)
    if (kept && kept.compiled.entry.digest === pointer.digest && kept.policy === pointer.policy) {
      return kept
    }
    const read = await this.#snapshot.server(name, pointer.digest, ctx)
    if (!read.ok) throw new CatalogUnavailable(`the definitions of ${name} cannot be read`)
    const record: ServerRecord = {
      name,
      policy: pointer.policy,
      compiled: read.value,
      handle,
      seal: kept?.seal ?? (await deriveSealKeys(this.#sealSecrets, `server/${name}`)),
      decisions: new Map(),
    }
    this.#records.set(name, record)
    return record
  }
}

const neverRead = (feed: FeedStatus): boolean => feed.view.stampMs === -Infinity
