/** How Catalog, feed and KV stand to each other, as the Catalog says it and scripts show it. */

/** What is wrong; the scripts say what to do about each (scripts/catalog/standing.ts). */
export type StandingProblem =
  /** The Catalog holds nothing, and feed or KV know of a catalog. */
  | 'catalog_lost'
  /** The feed carries an index that this Catalog never made, or no longer has. */
  | 'catalog_behind'
  /** The feed has not taken the newest index. */
  | 'feed_behind'
  /** The feed did not answer. */
  | 'feed_unreachable'
  /** KV does not hold the newest index as the Catalog signed it. */
  | 'kv_differs'
  /** KV did not answer. */
  | 'kv_unreachable'

export interface Standing {
  /** Number of the newest index; 0 = none. */
  readonly catalog: number
  /** `undefined`: it did not answer. */
  readonly feed?: {
    readonly version: number
    /** Seconds since the epoch: nothing issued before counts; 0 = nothing was ever lost. */
    readonly lostBeforeSeconds: number
  }
  readonly kv: {
    /** Of the index that the feed carries. */
    readonly index: 'same' | 'missing' | 'differs' | 'unreachable'
    /** Values that KV was not given yet. */
    readonly due: number
  }
  readonly problems: readonly StandingProblem[]
}
