/** A Map bounded by entries and by size that forgets what was used longest ago. */

export interface LruCache<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

/** @param sizeOf in the unit of `maxSize`; a value larger than all of it is not kept */
export function createLruCache<Value>(
  maxEntries: number,
  maxSize: number,
  sizeOf: (value: Value) => number,
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
      const size = sizeOf(value)
      if (size > maxSize) return
      for (const [oldest] of entries) {
        if (entries.size < maxEntries && totalSize + size <= maxSize) break
        remove(oldest)
      }
      entries.set(key, { value, size })
      totalSize += size
    },
  }
}
