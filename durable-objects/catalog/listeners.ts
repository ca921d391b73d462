/**
 * Tells the listeners of servers (their hubs) that the catalog shows something
 * else of them: a while after the feed carried the version, so that whoever lists
 * then sees it wherever they ask (DESIGN §2).
 *
 * What was told is remembered as the whole index, so nothing between two tellings
 * is lost, and a hub that did not answer is told again.
 */
import type { Hubs } from '#shared/contracts/entrypoints.ts'
import type { CatalogIndex } from '#shared/catalog/entry.ts'
import { publish } from '#shared/contracts/hub-publish.ts'
import { EVERYONE } from '#shared/contracts/hub-topics.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { LISTENERS_DELAY_MS, LISTENERS_TOLD_AT_ONCE } from '../limits.ts'

/** Storage keys: the index that was told, as JSON, and when the newest may be. */
const TOLD = 'told_index'
const DUE = 'listeners_due_ms'

export class CatalogListeners {
  readonly #storage: DurableObjectStorage
  readonly #hubs: () => Hubs

  constructor(storage: DurableObjectStorage, hubs: () => Hubs) {
    this.#storage = storage
    this.#hubs = hubs
  }

  /** The feed carries a new version. */
  announced(nowMs: number): void {
    this.#storage.kv.put(DUE, nowMs + LISTENERS_DELAY_MS)
  }

  /** When {@link tell} has something to do; `undefined`: it has not. */
  dueMs(): number | undefined {
    return this.#storage.kv.get<number>(DUE)
  }

  /**
   * Never throws.
   *
   * @param index the version the feed carries
   * @returns `false`: some hub is to be told again
   */
  async tell(index: CatalogIndex): Promise<boolean> {
    const due = this.dueMs()
    const told = readIndex(this.#storage.kv.get<string>(TOLD))
    const untold = await this.#tellAll(changedServers(told, index))
    const kept = untold.map((name) => [name, told?.servers[name]] as const)
    this.#storage.kv.put(
      TOLD,
      JSON.stringify({ ...index, servers: { ...index.servers, ...Object.fromEntries(kept) } }),
    )
    // Another version was announced meanwhile: it has a time of its own.
    if (untold.length === 0 && this.dueMs() === due) this.#storage.kv.delete(DUE)
    return untold.length === 0
  }

  /** @returns those that could not be told */
  async #tellAll(names: readonly string[]): Promise<string[]> {
    const untold: string[] = []
    const left = [...names]
    while (left.length > 0) {
      const some = left.splice(0, LISTENERS_TOLD_AT_ONCE)
      const told = await Promise.all(some.map((name) => this.#tellOne(name)))
      untold.push(...some.filter((_, index) => !told[index]))
    }
    return untold
  }

  async #tellOne(server: string): Promise<boolean> {
    try {
      await publish(this.#hubs(), server, [{ frame: { kind: 'catalog' }, audience: EVERYONE }])
      return true
    } catch (error) {
      logUnexpected('listeners_not_told', error, { server })
      return false
    }
  }
}

const readIndex = (text: string | undefined): CatalogIndex | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as CatalogIndex)

/** Servers that somebody may have listened to, and that are shown otherwise now, or no longer. */
function changedServers(before: CatalogIndex | undefined, after: CatalogIndex): string[] {
  if (!before) return []
  const { servers: old, version: _old, ...commonOld } = before
  const { servers: now, version: _now, ...commonNow } = after
  const names = Object.keys(old).filter((name) => old[name] !== undefined)
  if (JSON.stringify(commonOld) !== JSON.stringify(commonNow)) return names
  return names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
}
