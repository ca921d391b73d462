/**
 * Carries the Catalog's truth to its read copy in KV and to the feed: the first
 * change of a burst at once, later ones at most once a second, by alarm.
 *
 * The alarm is set before the first write, so an eviction in between loses
 * nothing; what KV or the feed did not take is tried again. Readers that find KV
 * behind or wrong ask the Catalog, so the feed is told even when KV fails, and what they
 * asked for is put into KV again; listeners are told after the feed.
 *
 * A feed that holds another index under this number, or a later one, took it from an
 * earlier life of the Catalog, or from one that was set back since: this Catalog is the
 * truth now, so its index gets a number above the feed's.
 */
import { sealedText } from '#shared/catalog/readers/index-seal.ts'
import { withTimeout } from '#shared/lib/lifetime.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { createLruCache } from '#shared/lib/lru-cache.ts'
import { type Announcement, feedOf, hubsOf } from '#shared/contracts/entrypoints.ts'
import { CatalogKey } from './key.ts'
import { CatalogListeners } from './listeners.ts'
import type { CatalogStore, SnapshotValue } from './store.ts'
import {
  LISTENERS_DELAY_MS,
  SNAPSHOT_INTERVAL_MS,
  SNAPSHOT_REPAIR_AFTER_MS,
  SNAPSHOT_REPAIRS_REMEMBERED,
  SNAPSHOT_RETRY_MAX_MS,
  SNAPSHOT_WRITE_TIMEOUT_MS,
  SNAPSHOT_WRITES_AT_ONCE,
} from '../limits.ts'

/** Storage keys: what the feed took last, and as releases up to 0.1 wrote it, the number alone. */
const ANNOUNCED = 'announced'
const ANNOUNCED_VERSION = 'announced_version'
type Outcome = 'nothing to do' | 'done' | 'failed'

/** Where the snapshot goes; read anew for each run. */
export type SnapshotTargets = Pick<Cloudflare.Env, 'CATALOG_KV' | 'FEED' | 'HUB'>

/** The one under way, and one that begins after the change; one more for a change that came between. */
const SETTLE_RUNS = 3

const retryMs = (failures: number): number =>
  Math.min(SNAPSHOT_INTERVAL_MS * 2 ** failures, SNAPSHOT_RETRY_MAX_MS)

/** Whether the feed carries what the Catalog holds, and under which number. */
export interface Carried {
  readonly taken: boolean
  readonly version: number
}

export interface SnapshotOptions {
  readonly store: CatalogStore
  readonly storage: DurableObjectStorage
  readonly targets: () => SnapshotTargets
  /** Gives the newest index a number above this one. */
  readonly renumber: (above: number) => void
}

export class CatalogSnapshot {
  readonly #store: CatalogStore
  readonly #storage: DurableObjectStorage
  readonly #targets: () => SnapshotTargets
  readonly #renumber: (above: number) => void
  readonly #listeners: CatalogListeners
  readonly #key: CatalogKey
  /** When each key was last put, as far as this life knows. */
  readonly #putMs = createLruCache<number>(SNAPSHOT_REPAIRS_REMEMBERED)
  #carriedMs = -Infinity
  #carrying: Promise<Outcome> | undefined
  #failures = 0
  #listenerFailures = 0

  constructor({ store, storage, targets, renumber }: SnapshotOptions) {
    this.#store = store
    this.#storage = storage
    this.#targets = targets
    this.#renumber = renumber
    this.#listeners = new CatalogListeners(storage, () => hubsOf(targets().HUB))
    this.#key = new CatalogKey(storage)
  }

  /** What the feed took last; `null`: nothing that this release announced. */
  announced(): Announcement | null {
    return this.#storage.kv.get<Announcement>(ANNOUNCED) ?? null
  }

  /** Something is left to do that no change of this life left to the alarm: after an upgrade. */
  async resume(): Promise<void> {
    const isDue = this.#store.indexDue() !== undefined || !this.#isAnnounced
    if (isDue && this.#store.version() > 0) await this.#wakeWithin(SNAPSHOT_INTERVAL_MS)
  }

  /**
   * Call when an operator waits: does not keep the pace. Resolves when the feed carries
   * the newest index, or did not take it; the alarm goes on then.
   */
  async settle(): Promise<Carried> {
    // A run under way may have begun before the change; one after it has not.
    for (let run = 0; run < SETTLE_RUNS && !this.#isAnnounced; run++) {
      await (this.#carrying ?? this.#carry())
    }
    return { taken: this.#isAnnounced, version: this.#store.version() }
  }

  /** A reader asked the Catalog for what KV should hold: KV lost it, holds another text, or lags. */
  async missed(key: string): Promise<void> {
    const nowMs = Date.now()
    if (nowMs - (this.#putMs.get(key) ?? -Infinity) < SNAPSHOT_REPAIR_AFTER_MS) return
    this.#putMs.set(key, nowMs)
    if (this.#store.noteMissing(key)) await this.#wakeWithin(SNAPSHOT_INTERVAL_MS)
  }

  /** A signature of before counts no more once the feed carries the next index. */
  replaceKey(): void {
    this.#key.replace()
  }

  /** Call after a change. Resolves when the change is in KV, or left to the alarm. */
  async changed(): Promise<void> {
    const waiting = await this.#storage.getAlarm()
    await this.#wakeWithin(SNAPSHOT_INTERVAL_MS)
    // While an alarm is being worked on none is set: that alone is no sign of a burst's beginning.
    if (waiting === null && !this.#carrying && !this.#isEarly) await this.#carry()
  }

  /** The alarm. One more comes after each that did something, and keeps the pace. */
  async run(): Promise<void> {
    const wasForListeners = await this.#tellListeners()
    const mayWait = this.#carrying !== undefined || (wasForListeners && this.#isEarly)
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
    const index = this.#store.index(this.announced()?.version ?? 0)
    const told = index === null || (await this.#listeners.tell(index))
    this.#listenerFailures = told ? 0 : this.#listenerFailures + 1
    if (!told) await this.#wakeWithin(retryMs(this.#listenerFailures))
    return true
  }

  #carry(): Promise<Outcome> {
    this.#carriedMs = Date.now()
    const carrying = this.#carryAll().finally(() => {
      this.#carrying = undefined
    })
    this.#carrying = carrying
    return carrying
  }

  async #carryAll(): Promise<Outcome> {
    const outcomes = [await this.#putEntries(), await this.#putIndex(), await this.#announce()]
    if (outcomes.includes('failed')) return 'failed'
    if (!outcomes.includes('done')) return 'nothing to do'
    await this.#deleteStale()
    return 'done'
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
    if (index.version > (this.announced()?.version ?? 0)) this.#key.renewIfOld()
    const seal = await this.#key.seal(index.version, index.text)
    return (await this.#put({ ...index, text: sealedText(seal, index.text) })) ? 'done' : 'failed'
  }

  /** @param mayRenumber a feed that refuses the number gives one chance: the next is above its own */
  async #announce(mayRenumber = true): Promise<Outcome> {
    const newest = this.#store.newest()
    if (!newest || this.#isAnnounced) return 'nothing to do'
    const { version } = newest
    const announcement = { version, seal: await this.#key.seal(version, newest.text) }
    const answer = await this.#attempt('feed', () =>
      feedOf(this.#targets().FEED).announceCatalog(announcement, this.#takenBefore),
    )
    if (!answer) return 'failed'
    if (!answer.value.taken) return mayRenumber ? this.#goAbove(answer.value.version) : 'failed'
    this.#storage.kv.put(ANNOUNCED, announcement)
    this.#listeners.announced(Date.now())
    await this.#wakeWithin(LISTENERS_DELAY_MS)
    return 'done'
  }

  /** @param above the number that the feed carries, of an index that is not this Catalog's */
  async #goAbove(above: number): Promise<Outcome> {
    const from = this.#store.version()
    this.#renumber(above)
    this.#key.replace()
    logEvent('catalog_renumbered', { from, above, to: this.#store.version() })
    const put = await this.#putIndex()
    const told = await this.#announce(false)
    return put === 'failed' ? put : told
  }

  get #isAnnounced(): boolean {
    const version = this.#store.version()
    return version === 0 || this.announced()?.version === version
  }

  get #takenBefore(): number {
    return this.announced()?.version ?? this.#storage.kv.get<number>(ANNOUNCED_VERSION) ?? 0
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
    if (!held) return false
    this.#store.noteHeld(key)
    this.#putMs.set(key, Date.now())
    return true
  }

  async #attempt<Value>(
    what: string,
    write: () => Promise<Value>,
  ): Promise<{ readonly value: Value } | undefined> {
    try {
      return { value: await withTimeout(write(), SNAPSHOT_WRITE_TIMEOUT_MS) }
    } catch (error) {
      logUnexpected('snapshot_write_failed', error, { what })
      return undefined
    }
  }
}
