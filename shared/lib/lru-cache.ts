/**
 * A Map that forgets what was used longest ago: caches of an isolate must never
 * grow with callers. Bounded by entries and, where values differ much, by size.
 */

export interface LruCache<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
}

/** Bounds the sum of `of(value)`; a value larger than all of `max` is not kept. */
export interface SizeBound<Value> {
  readonly max: number
  of(value: Value): number
}

export function createLruCache<Value>(
  maxEntries: number,
  size: SizeBound<Value> = { max: Infinity, of: () => 0 },
): LruCache<Value> {
  const entries = new Map<string, { value: Value; size: number }>()
  let totalSize = 0

  function remove(key: string): void {
    totalSize -= entries.get(key)?.size ?? 0
    entries.delete(key)
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value) {
      remove(key)
      const added = size.of(value)
      if (added > size.max) return
      for (const [oldest] of entries) {
        if (entries.size < maxEntries && totalSize + added <= size.max) break
        remove(oldest)
      }
      entries.set(key, { value, size: added })
      totalSize += added
    },
    delete: remove,
  }
}
