/**
 * Does the Catalog hold what callers are shown? Compares its number with the feed's and
 * with KV's copy, says whether this object lost what it held, and makes its word count
 * again when an operator says so.
 */
import { indexKey } from '#shared/catalog/entry.ts'
import { sealedText } from '#shared/catalog/readers/index-seal.ts'
import { withTimeout } from '#shared/lib/lifetime.ts'
import type { Standing, StandingProblem } from '#shared/catalog/standing.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { fail, ok } from '#shared/lib/result.ts'
import { feedOf, type FeedState } from '#shared/contracts/entrypoints.ts'
import type { Actor, Answer } from './admin.ts'
import type { CatalogSnapshot, SnapshotTargets } from './snapshot.ts'
import type { CatalogStore } from './store.ts'
import type { CatalogWriter } from './writer.ts'
import { SNAPSHOT_WRITE_TIMEOUT_MS } from '../limits.ts'

export interface StandingOptions {
  readonly store: CatalogStore
  readonly writer: CatalogWriter
  readonly snapshot: CatalogSnapshot
  readonly targets: () => SnapshotTargets
}

export class CatalogStanding {
  readonly #options: StandingOptions

  constructor(options: StandingOptions) {
    this.#options = options
  }

  /**
   * Whether this Catalog is empty and another life of it was not: the feed carries a number,
   * or KV holds an index. Asks both only while it is empty.
   *
   * @throws Error when they cannot be asked
   */
  async isLost(): Promise<boolean> {
    if (this.#options.store.version() > 0) return false
    const feed = await this.#feed()
    return feed.catalogVersion > 0 || (await this.#hasCopies())
  }

  async standing(): Promise<Standing> {
    const catalog = this.#options.store.version()
    const feed = await this.#feed().catch((error: unknown) => {
      logUnexpected('standing_without_feed', error)
      return undefined
    })
    const index = await this.#indexInKv(feed).catch((error: unknown) => {
      logUnexpected('standing_without_kv', error)
      return 'unreachable' as const
    })
    const isLost = catalog === 0 && (feed ? await this.isLost().catch(() => false) : false)
    const problems = problemsOf(catalog, feed, index, this.#isOwn(feed))
    const lost: StandingProblem[] = isLost ? ['catalog_lost'] : []
    return {
      catalog,
      ...(feed
        ? { feed: { version: feed.catalogVersion, lostBeforeSeconds: feed.lostBeforeSeconds } }
        : {}),
      kv: { index, due: this.#options.store.dueCount() },
      problems: isLost ? lost : problems,
    }
  }

  /**
   * What this Catalog holds becomes what callers are shown, under a number above all others
   * and a new key, and KV gets all of it anew.
   *
   * @param startOver also where it lost everything: callers are shown nothing but what is deployed
   */
  async republish(
    { startOver, distrust }: { startOver: boolean; distrust: boolean },
    actor: Actor,
  ): Promise<Answer<boolean>> {
    const { store, writer, snapshot, targets } = this.#options
    const feed = await this.#feed()
    if (store.version() === 0 && !startOver) {
      return fail({
        reason: 'conflict',
        detail: 'The Catalog is empty: import a file, or start over',
      })
    }
    if (distrust) await feedOf(targets().FEED).distrustEarlier()
    writer.renumber(feed.catalogVersion, { ...actor, action: 'republish' })
    snapshot.replaceKey()
    return ok(true)
  }

  #feed(): Promise<FeedState> {
    const { FEED } = this.#options.targets()
    return withTimeout(feedOf(FEED).read(), SNAPSHOT_WRITE_TIMEOUT_MS)
  }

  async #hasCopies(): Promise<boolean> {
    const { CATALOG_KV } = this.#options.targets()
    const { keys } = await CATALOG_KV.list({ prefix: indexKey(''), limit: 1 })
    return keys.length > 0
  }

  /** Whether the feed carries what this Catalog announced last. */
  #isOwn(feed: FeedState | undefined): boolean {
    const announced = this.#options.snapshot.announced()
    return announced?.seal.signature === feed?.catalogSeal?.signature
  }

  async #indexInKv(feed: FeedState | undefined): Promise<Standing['kv']['index']> {
    const { store, targets } = this.#options
    const newest = store.newest()
    const version = newest?.version ?? feed?.catalogVersion ?? 0
    if (version === 0) return 'same'
    const text = await targets().CATALOG_KV.get(indexKey(version), 'text')
    if (text === null) return 'missing'
    const seal = feed?.catalogSeal
    if (!newest || !seal || feed.catalogVersion !== newest.version) return 'same'
    return text === sealedText(seal, newest.text) ? 'same' : 'differs'
  }
}

function problemsOf(
  catalog: number,
  feed: FeedState | undefined,
  index: Standing['kv']['index'],
  isOwn: boolean,
): StandingProblem[] {
  const problems: StandingProblem[] = []
  if (!feed) problems.push('feed_unreachable')
  else if (feed.catalogVersion > catalog) problems.push('catalog_behind')
  else if (feed.catalogVersion < catalog) problems.push('feed_behind')
  else if (catalog > 0 && !isOwn) problems.push('catalog_behind')
  if (index === 'unreachable') problems.push('kv_unreachable')
  else if (index !== 'same') problems.push('kv_differs')
  return problems
}
