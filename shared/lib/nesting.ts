/** How deeply a value nests, asked without recursion: what is walked by recursion must not end in the stack. */

/** @param value as JSON gives it; a list or object of plain values nests one level */
export function nestsDeeperThan(value: unknown, maxDepth: number): boolean {
  let level = [value]
  for (let depth = 0; depth <= maxDepth; depth++) {
    level = level.filter((item) => typeof item === 'object' && item !== null)
    if (level.length === 0) return false
    level = level.flatMap((item) => Object.values(item as object))
  }
  return true
}
