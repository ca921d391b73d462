/** Generated files are touched only when they differ: a watching `wrangler dev` would loop otherwise. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Readable by the owner alone: for files that hold secrets. */
export const SECRET_FILE_MODE = 0o600

/**
 * Writes atomically, so that a build that runs beside this one never reads half a file.
 *
 * @returns whether the file was written
 */
export function writeIfChanged(path: string, text: string, mode = 0o644): boolean {
  if (readIfPresent(path) === text) return false
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode })
  chmodSync(draft, mode)
  renameSync(draft, path)
  return true
}

export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
