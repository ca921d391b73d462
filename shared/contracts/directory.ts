/** The Directory object: names of the objects that hold what cannot be rebuilt (docs/backup.md). */

/** Kinds of objects, named after one person each, that cannot be listed without a directory. */
export type DirectoryKind = 'grants' | 'connection'

/** One object, name `directory`: names of the objects that hold what cannot be rebuilt. */
export interface Directory {
  add(kind: DirectoryKind, name: string): void
  remove(kind: DirectoryKind, name: string): void
  /** Names after `after`, sorted, at most `limit`. */
  page(kind: DirectoryKind, after: string, limit: number): string[]
}
