/**
 * The two-level catalog snapshot as one isolate sees it: immutable values, from
 * memory, else from KV, else from the Catalog object (the truth).
 *
 * KV is only a copy, and is not believed: an index must carry the signature that the
 * feed names, and an entry must hash to the digest in its key. Any other value is
 * refused, logged, and read from the Catalog instead.
 *
 * Does NOT know which version is in force: the control feed says (feed-reader.ts).
 */
import { logEvent, logUnexpected } from '../../lib/log.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { type CatalogIndex, indexKey, type ServerEntry, serverKey, unfoldIndex } from '../entry.ts'
import { openEntry } from './entry-seal.ts'
import { openIndex, type Refusal } from './index-seal.ts'
import type { IndexSeal } from '../../contracts/feed.ts'
import { type Lifetime, withTimeout } from '../../lib/lifetime.ts'
import {
  INDEX_CACHE_ENTRIES,
  REFUSAL_LOG_INTERVAL_MS,
  REFUSALS_REMEMBERED,
  SERVER_CACHE_ENTRIES,
  SERVER_CACHE_MAX_CHARS,
  SNAPSHOT_READ_TIMEOUT_MS,
} from '../limits.ts'
import { type CompiledServer, compileServer } from '../list.ts'
import { createLruCache } from '../../lib/lru-cache.ts'

/** `unknown`: the Catalog has no such thing. `unreachable`: neither KV nor the Catalog answered. */
export type SnapshotFailure = { readonly reason: 'unknown' | 'unreachable' }

export interface SnapshotReaderOptions {
  readonly kv: { get(key: string, type: 'text'): Promise<string | null> }
  /** A new stub for each read: a stub belongs to the request that made it. */
  readonly catalog: () => {
    index(version?: number): Promise<CatalogIndex | null>
    entry(name: string, view: string): Promise<ServerEntry | null>
  }
}

export interface SnapshotReader {
  /** From memory only, for the hot path. */
  peekIndex(version: number): CatalogIndex | undefined
  /** @param view `viewOf()` what the index points at */
  peekServer(name: string, view: string): CompiledServer | undefined
  /**
   * A version that was superseded and forgotten answers with a newer one.
   *
   * @param seal of that version, as the feed says it; absent: KV is not asked
   */
  index(
    version: number,
    seal: IndexSeal | undefined,
    lifetime: Lifetime,
  ): Promise<Result<CatalogIndex, SnapshotFailure>>
  server(
    name: string,
    view: string,
    lifetime: Lifetime,
  ): Promise<Result<CompiledServer, SnapshotFailure>>
}

export function createSnapshotReader(options: SnapshotReaderOptions): SnapshotReader {
  return new IsolateSnapshotReader(options)
}

class IsolateSnapshotReader implements SnapshotReader {
  readonly #options: SnapshotReaderOptions
  readonly #indexes = createLruCache<CatalogIndex>(INDEX_CACHE_ENTRIES)
  readonly #servers = createLruCache<CompiledServer>(SERVER_CACHE_ENTRIES, {
    max: SERVER_CACHE_MAX_CHARS,
    of: ({ lists }) => Object.values(lists).reduce((sum, list: string) => sum + list.length, 0),
  })
  readonly #running = new Map<string, Promise<unknown>>()
  /** When the refusal of a key was last logged. */
  readonly #refusedMs = createLruCache<number>(REFUSALS_REMEMBERED)

  constructor(options: SnapshotReaderOptions) {
    this.#options = options
  }

  peekIndex(version: number): CatalogIndex | undefined {
    return this.#indexes.get(indexKey(version))
  }

  peekServer(name: string, view: string): CompiledServer | undefined {
    return this.#servers.get(serverKey(name, view))
  }

  async index(
    version: number,
    seal: IndexSeal | undefined,
    lifetime: Lifetime,
  ): Promise<Result<CatalogIndex, SnapshotFailure>> {
    const key = indexKey(version)
    const known = this.#indexes.get(key)
    if (known) return ok(known)
    const load = async (): Promise<CatalogIndex | null> => {
      const copy = seal && (await this.#fromKv(key, (text) => openIndex(text, version, seal)))
      const index = copy ? unfoldIndex(copy) : await this.#options.catalog().index(version)
      if (index) this.#indexes.set(key, index)
      return index
    }
    return this.#once(key, load, lifetime)
  }

  async server(
    name: string,
    view: string,
    lifetime: Lifetime,
  ): Promise<Result<CompiledServer, SnapshotFailure>> {
    const key = serverKey(name, view)
    const known = this.#servers.get(key)
    if (known) return ok(known)
    const load = async (): Promise<CompiledServer | null> => {
      const entry =
        (await this.#fromKv(key, (text) => openEntry(text, name, view))) ??
        (await this.#options.catalog().entry(name, view))
      const compiled = entry && compileServer(entry)
      if (compiled) this.#servers.set(key, compiled)
      return compiled
    }
    return this.#once(key, load, lifetime)
  }

  /** One load per key and isolate; a joined load that dies with its request is given up on. */
  async #once<Value>(
    key: string,
    load: () => Promise<Value | null>,
    lifetime: Lifetime,
  ): Promise<Result<Value, SnapshotFailure>> {
    let work = this.#running.get(key) as Promise<Value | null> | undefined
    if (!work) {
      work = load()
      this.#running.set(key, work)
      lifetime.waitUntil(work.catch(() => undefined))
    }
    try {
      const value = await withTimeout(work, SNAPSHOT_READ_TIMEOUT_MS)
      return value === null ? fail({ reason: 'unknown' }) : ok(value)
    } catch (error) {
      logUnexpected('snapshot_unreachable', error, { key })
      return fail({ reason: 'unreachable' })
    } finally {
      if (this.#running.get(key) === work) this.#running.delete(key)
    }
  }

  /** What KV holds under `key`, if `open` believes it; a KV that is away is a miss. */
  async #fromKv<Value>(
    key: string,
    open: (text: string) => Promise<Result<Value, Refusal>>,
  ): Promise<Value | undefined> {
    try {
      const text = await this.#options.kv.get(key, 'text')
      if (text === null) return undefined
      const opened = await open(text)
      if (opened.ok) return opened.value
      this.#logRefusal(key, opened.failure)
    } catch (error) {
      if (error instanceof SyntaxError) this.#logRefusal(key, 'not_json')
      else logUnexpected('snapshot_kv_failed', error, { key })
    }
    return undefined
  }

  /** Once a while for each key: a KV that stays wrong must not fill the log. */
  #logRefusal(key: string, reason: Refusal): void {
    const nowMs = Date.now()
    if (nowMs - (this.#refusedMs.get(key) ?? -Infinity) < REFUSAL_LOG_INTERVAL_MS) return
    this.#refusedMs.set(key, nowMs)
    logEvent('snapshot_refused', { key, reason })
  }
}
