/**
 * Author files that import each other in a circle. A bundle hides it: at load one
 * of them reads `undefined` where the other's value should be, without an error.
 */
import type { Metafile } from 'esbuild'

/** @returns the files of one circle, the first repeated at the end; `undefined` when there is none */
export function findCycle({ inputs }: Metafile, isAuthors: (path: string) => boolean) {
  const done = new Set<string>()

  function visit(path: string, trail: readonly string[]): string[] | undefined {
    const start = trail.indexOf(path)
    if (start >= 0) return [...trail.slice(start), path]
    if (done.has(path)) return undefined
    for (const { path: imported, external } of inputs[path]?.imports ?? []) {
      if (external || !isAuthors(imported)) continue
      const cycle = visit(imported, [...trail, path])
      if (cycle) return cycle
    }
    done.add(path)
    return undefined
  }

  for (const path of Object.keys(inputs).filter(isAuthors)) {
    const cycle = visit(path, [])
    if (cycle) return cycle
  }
  return undefined
}
