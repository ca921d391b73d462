/**
 * The control feed as one isolate sees it (DESIGN §2): up to 10 s old nobody
 * waits; up to 60 s old it is served and refreshed behind; older, or never read,
 * the caller waits. Age counts from the feed object's own stamp, also in copies
 * that came through the colo cache.
 *
 * Does NOT decide what an unreachable feed means: the caller does, by the age.
 */
import { logUnexpected } from '../../lib/log.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import type { FeedState } from '../../contracts/entrypoints.ts'
import { createLocalChanges, type FeedView, type LocalChange } from './feed-local.ts'
import { type Lifetime, withTimeout } from '../../lib/lifetime.ts'
import { readColoCopy, writeColoCopy } from './feed-cache.ts'
import {
  FEED_COLO_MAX_AGE_MS,
  FEED_MAX_AGE_MS,
  FEED_READ_TIMEOUT_MS,
  FEED_REFRESH_AFTER_MS,
  FEED_RETRY_AFTER_MS,
} from '../limits.ts'

export type { FeedView, LocalChange } from './feed-local.ts'

export interface FeedFailure {
  readonly reason: 'unreachable'
  /** Age of `last`; `Infinity` when this isolate never read the feed. */
  readonly ageMs: number
  readonly last: FeedView | undefined
}

export interface FeedReaderOptions {
  /** A new stub for each read: a stub belongs to the request that made it. */
  readonly feed: () => { read(): Promise<FeedState> }
  /** Tells two deployments on one zone apart in the colo cache: PUBLIC_ORIGIN or ISSUER. */
  readonly deployment: string
}

export interface FeedReadOptions {
  /** Wait rather than answer from an older state: 500 for a list, 0 for a strict server. Default 60 s. */
  readonly maxAgeMs?: number
}

export interface FeedReader {
  /** The state when it is young enough that nothing at all is due, else `undefined`: then `read`. */
  current(nowMs: number): FeedView | undefined
  /** The state last read, however old. */
  last(): FeedView | undefined
  /** @param lifetime `ctx`: a refresh outlives the request that began it */
  read(lifetime: Lifetime, options?: FeedReadOptions): Promise<Result<FeedView, FeedFailure>>
  /** What this isolate itself just told the feed, in force here at once. */
  applyLocally(change: LocalChange): void
}

export function createFeedReader(options: FeedReaderOptions): FeedReader {
  return new IsolateFeedReader(options)
}

/** A read under way, and how old its answer may be at worst. */
interface Running {
  readonly startedMs: number
  readonly maxCopyAgeMs: number
  readonly view: Promise<FeedView>
}

class IsolateFeedReader implements FeedReader {
  readonly #options: FeedReaderOptions
  readonly #local = createLocalChanges()
  /** As the feed said it, without what this isolate knows beside it. */
  #said: FeedView | undefined
  /** The number of its last state, which may be less than what is in force here. */
  #saidVersion = 0
  #view: FeedView | undefined
  #running: Running | undefined
  #failedMs = -Infinity

  constructor(options: FeedReaderOptions) {
    this.#options = options
  }

  current(nowMs: number): FeedView | undefined {
    return this.#ageMs(nowMs) <= FEED_REFRESH_AFTER_MS ? this.#view : undefined
  }

  last(): FeedView | undefined {
    return this.#view
  }

  async read(
    lifetime: Lifetime,
    { maxAgeMs = FEED_MAX_AGE_MS }: FeedReadOptions = {},
  ): Promise<Result<FeedView, FeedFailure>> {
    const nowMs = Date.now()
    const ageMs = this.#ageMs(nowMs)
    if (this.#view && ageMs <= maxAgeMs) {
      if (ageMs > FEED_REFRESH_AFTER_MS) this.#refreshBehind(nowMs, lifetime)
      return ok(this.#view)
    }
    if (nowMs - this.#failedMs < FEED_RETRY_AFTER_MS) return this.#unreachable()
    const running = this.#joinOrStart(nowMs, maxAgeMs, lifetime)
    try {
      return ok(await withTimeout(running.view, FEED_READ_TIMEOUT_MS))
    } catch {
      return this.#unreachable()
    }
  }

  applyLocally(change: LocalChange): void {
    this.#local.add(change)
    if (this.#said) this.#view = this.#local.overlay(this.#said, Date.now())
  }

  #ageMs(nowMs: number): number {
    return this.#view ? Math.max(0, nowMs - this.#view.stampMs) : Infinity
  }

  #unreachable(): { ok: false; failure: FeedFailure } {
    return fail({ reason: 'unreachable', ageMs: this.#ageMs(Date.now()), last: this.#view })
  }

  #refreshBehind(nowMs: number, lifetime: Lifetime): void {
    if (nowMs - this.#failedMs < FEED_RETRY_AFTER_MS) return
    this.#joinOrStart(nowMs, FEED_MAX_AGE_MS, lifetime)
  }

  /** Joins a read only if its answer cannot be older than the caller accepts. */
  #joinOrStart(nowMs: number, maxAgeMs: number, lifetime: Lifetime): Running {
    const running = this.#running
    if (running && running.startedMs - running.maxCopyAgeMs >= nowMs - maxAgeMs) {
      // A read whose request died never settles; past its time it is nobody's to wait for.
      if (nowMs - running.startedMs < FEED_READ_TIMEOUT_MS) return running
    }
    return this.#start(nowMs, Math.min(FEED_COLO_MAX_AGE_MS, maxAgeMs / 2), lifetime)
  }

  #start(startedMs: number, maxCopyAgeMs: number, lifetime: Lifetime): Running {
    const view = withTimeout(this.#fetch(maxCopyAgeMs, lifetime), FEED_READ_TIMEOUT_MS)
    const running: Running = { startedMs, maxCopyAgeMs, view }
    this.#running = running
    const settled = view
      .catch((error: unknown) => {
        this.#failedMs = Date.now()
        logUnexpected('feed_unreachable', error, { ageMs: this.#ageMs(this.#failedMs) })
      })
      .finally(() => {
        if (this.#running === running) this.#running = undefined
      })
    lifetime.waitUntil(settled)
    return running
  }

  async #fetch(maxCopyAgeMs: number, lifetime: Lifetime): Promise<FeedView> {
    const { deployment } = this.#options
    const copy = maxCopyAgeMs > 0 ? await readColoCopy(deployment) : undefined
    if (copy && Date.now() - copy.stampMs <= maxCopyAgeMs) return this.#adopt(copy)
    const state = await this.#ask()
    lifetime.waitUntil(writeColoCopy(deployment, state))
    return this.#adopt(state)
  }

  /** Twice: a stub breaks when its object moves or is updated, and the next one works. */
  async #ask(): Promise<FeedState> {
    try {
      return await this.#options.feed().read()
    } catch (error) {
      if ((error as { overloaded?: boolean }).overloaded) throw error
      return await this.#options.feed().read()
    }
  }

  /**
   * Keeps the newer of two states: answers of parallel reads may come in any order. A
   * higher number is always newer, whatever the clocks of two lives of the feed say, and
   * the number never goes back here: a feed that says less than it said has lost
   * something, so nothing from before counts unseen.
   */
  #adopt(state: FeedState): FeedView {
    const before = this.#said
    const isAhead = before !== undefined && state.catalogVersion > before.catalogVersion
    if (before && before.stampMs > state.stampMs && !isAhead) return this.#view ?? before
    const nowMs = Date.now()
    const lostSome = state.catalogVersion < this.#saidVersion
    this.#saidVersion = state.catalogVersion
    const isLess = before !== undefined && state.catalogVersion < before.catalogVersion
    const { catalogVersion, catalogSeal } = isLess ? before : state
    this.#said = {
      // A clock ahead of ours must not make a state young for longer.
      stampMs: Math.min(state.stampMs, nowMs),
      catalogVersion,
      catalogSeal,
      revokedGrants: new Set(state.revokedGrants),
      deletedSessions: new Set(state.deletedSessions),
      lostBeforeSeconds: Math.max(
        // An objects Worker of an earlier release does not say it.
        (state.lostBeforeSeconds as number | undefined) ?? 0,
        before?.lostBeforeSeconds ?? 0,
        lostSome ? Math.floor(nowMs / 1000) : 0,
      ),
    }
    this.#view = this.#local.overlay(this.#said, nowMs)
    return this.#view
  }
}
