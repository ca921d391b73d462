/**
 * The root's way to its shards: each has what the root told it and acknowledges
 * it, so a shard that did not answer gets it again, and none is told twice.
 */
import { withTimeout } from '#shared/lib/lifetime.ts'
import {
  SHARD_ASSIGNED_MS,
  SHARD_CALL_TIMEOUT_MS,
  SHARD_RETRY_MAX_MS,
  SHARD_RETRY_MS,
} from '#shared/contracts/hub-limits.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { hubOf } from '#shared/contracts/entrypoints.ts'
import type { HubStore, ShardRow } from './store.ts'

export class HubFanOut {
  readonly #store: HubStore
  readonly #hubs: () => DurableObjectNamespace
  #failures = 0

  constructor(store: HubStore, hubs: () => DurableObjectNamespace) {
    this.#store = store
    this.#hubs = hubs
  }

  /** Hands on what shards lack. Never throws. @returns after how long to try again, if a shard lacks something */
  async run(): Promise<number | undefined> {
    const { seq } = this.#store.position
    const behind = this.#store.shards().filter(({ ackedSeq }) => ackedSeq < seq)
    const taken = await Promise.all(behind.map((shard) => this.#deliver(shard, seq)))
    if (!taken.includes(false)) {
      this.#failures = 0
      return undefined
    }
    this.#failures += 1
    return Math.min(SHARD_RETRY_MS * 2 ** (this.#failures - 1), SHARD_RETRY_MAX_MS)
  }

  /** @returns `false`: to be tried again */
  async #deliver({ shard, ackedSeq, assignedMs }: ShardRow, seq: number): Promise<boolean> {
    try {
      const { server } = this.#store.self
      const position = { epoch: this.#store.position.epoch, seq }
      const rows = this.#store.rowsAfter(ackedSeq)
      const delivering = hubOf(this.#hubs(), server, shard).deliver(position, rows)
      if (await withTimeout(delivering, SHARD_CALL_TIMEOUT_MS)) {
        this.#store.acknowledge(shard, seq)
        return true
      }
      // Nobody there: the listener is on its way, or never came.
      if (Date.now() - assignedMs < SHARD_ASSIGNED_MS) return false
      this.#store.removeShard(shard)
      return true
    } catch (error) {
      logUnexpected('hub_shard_failed', error, { shard })
      return false
    }
  }
}
