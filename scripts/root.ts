/** Where the repository is, whatever folder a script was started from. */
import { relative, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '..')

/** A path as people read it: relative to the repository when it is inside. */
export function shown(path: string): string {
  const inside = relative(ROOT, path)
  return inside.startsWith('..') ? path : inside
}
