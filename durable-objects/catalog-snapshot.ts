/**
 * Carries the Catalog's truth to its read copy in KV and to the feed: the first
 * change of a burst at once, later ones at most once a second, by alarm.
 *
 * The alarm is set before the first write, so an eviction in between loses
 * nothing; what KV or the feed did not take is tried again. Readers that find KV
 * behind ask the Catalog, so the feed is told even when KV fails; listeners are
 * told after the feed.
 */
import { withTimeout } from '#shared/catalog/lifetime.ts'
import { logUnexpected } from '#shared/log.ts'
import { feedOf } from '#shared/rpc.ts'
import { CatalogListeners } from './catalog-listeners.ts'
import type { CatalogStore, SnapshotValue } from './catalog-store.ts'
import {
  LISTENERS_DELAY_MS,
  SNAPSHOT_INTERVAL_MS,
  SNAPSHOT_RETRY_MAX_MS,
  SNAPSHOT_WRITE_TIMEOUT_MS,
  SNAPSHOT_WRITES_AT_ONCE,
} from './limits.ts'

const ANNOUNCED = 'announced_version'
type Outcome = 'nothing to do' | 'done' | 'failed'

/** Where the snapshot goes; read anew for each run. */
export type SnapshotTargets = Pick<Cloudflare.Env, 'CATALOG_KV' | 'FEED' | 'HUB'>

const retryMs = (failures: number): number =>
  Math.min(SNAPSHOT_INTERVAL_MS * 2 ** failures, SNAPSHOT_RETRY_MAX_MS)

export class CatalogSnapshot {
  readonly #store: CatalogStore
  readonly #storage: DurableObjectStorage
  readonly #targets: () => SnapshotTargets
  readonly #listeners: CatalogListeners
  #carriedMs = -Infinity
  #busy = false
  #failures = 0
  #listenerFailures = 0

  constructor(store: CatalogStore, storage: DurableObjectStorage, targets: () => SnapshotTargets) {
    this.#store = store
    this.#storage = storage
    this.#targets = targets
    this.#listeners = new CatalogListeners(storage, () => targets().HUB)
  }

  /** Call after a change. Resolves when the change is in KV, or left to the alarm. */
  async changed(): Promise<void> {
    const waiting = await this.#storage.getAlarm()
    await this.#wakeWithin(SNAPSHOT_INTERVAL_MS)
    // While an alarm is being worked on none is set: that alone is no sign of a burst's beginning.
    if (waiting === null && !this.#busy && !this.#isEarly) await this.#carry()
  }

  /** The alarm. One more comes after each that did something, and keeps the pace. */
  async run(): Promise<void> {
    const wasForListeners = await this.#tellListeners()
    const mayWait = this.#busy || (wasForListeners && this.#isEarly)
    const outcome = mayWait ? 'done' : await this.#carry()
    this.#failures = outcome === 'failed' ? this.#failures + 1 : 0
    if (outcome === 'nothing to do') return
    await this.#wakeWithin(retryMs(this.#failures))
  }

  get #isEarly(): boolean {
    return Date.now() - this.#carriedMs < SNAPSHOT_INTERVAL_MS
  }

  async #wakeWithin(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const waiting = await this.#storage.getAlarm()
    if (waiting === null || waiting > dueMs) await this.#storage.setAlarm(dueMs)
  }

  /** Listeners have their own time, which must not hasten what goes to KV. @returns whether it was now */
  async #tellListeners(): Promise<boolean> {
    const dueMs = this.#listeners.dueMs()
    if (dueMs === undefined) return false
    const waitMs = dueMs - Date.now()
    if (waitMs > 0) {
      await this.#wakeWithin(waitMs)
      return false
    }
    const index = this.#store.index(this.#announcedVersion)
    const told = index === null || (await this.#listeners.tell(index))
    this.#listenerFailures = told ? 0 : this.#listenerFailures + 1
    if (!told) await this.#wakeWithin(retryMs(this.#listenerFailures))
    return true
  }

  async #carry(): Promise<Outcome> {
    this.#busy = true
    this.#carriedMs = Date.now()
    try {
      const outcomes = [await this.#putEntries(), await this.#putIndex(), await this.#announce()]
      if (outcomes.includes('failed')) return 'failed'
      if (!outcomes.includes('done')) return 'nothing to do'
      await this.#deleteStale()
      return 'done'
    } finally {
      this.#busy = false
    }
  }

  async #putEntries(): Promise<Outcome> {
    let outcome: Outcome = 'nothing to do'
    for (;;) {
      const due = this.#store.entriesDue(SNAPSHOT_WRITES_AT_ONCE)
      if (due.length === 0) return outcome
      const held = await Promise.all(due.map((value) => this.#put(value)))
      if (held.includes(false)) return 'failed'
      outcome = 'done'
    }
  }

  async #putIndex(): Promise<Outcome> {
    const index = this.#store.indexDue()
    if (!index) return 'nothing to do'
    return (await this.#put(index)) ? 'done' : 'failed'
  }

  async #announce(): Promise<Outcome> {
    const version = this.#store.version()
    if (this.#announcedVersion >= version) return 'nothing to do'
    const told = await this.#attempt('feed', () =>
      feedOf(this.#targets().FEED).announceCatalog(version),
    )
    if (!told) return 'failed'
    this.#storage.kv.put(ANNOUNCED, version)
    this.#listeners.announced(Date.now())
    await this.#wakeWithin(LISTENERS_DELAY_MS)
    return 'done'
  }

  get #announcedVersion(): number {
    return this.#storage.kv.get<number>(ANNOUNCED) ?? 0
  }

  /** A copy that could not be deleted is found again after the next change. */
  async #deleteStale(): Promise<void> {
    const keys = this.#store.staleKeys(Date.now(), SNAPSHOT_WRITES_AT_ONCE)
    await Promise.all(
      keys.map(async (key) => {
        const gone = await this.#attempt(key, () => this.#targets().CATALOG_KV.delete(key))
        if (gone) this.#store.noteGone(key)
      }),
    )
  }

  async #put({ key, text }: SnapshotValue): Promise<boolean> {
    this.#store.noteTried(key)
    const held = await this.#attempt(key, () => this.#targets().CATALOG_KV.put(key, text))
    if (held) this.#store.noteHeld(key)
    return held
  }

  async #attempt(what: string, write: () => Promise<unknown>): Promise<boolean> {
    try {
      await withTimeout(write(), SNAPSHOT_WRITE_TIMEOUT_MS)
      return true
    } catch (error) {
      logUnexpected('snapshot_write_failed', error, { what })
      return false
    }
  }
}
