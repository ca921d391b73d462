/**
 * Names of the objects that hold what cannot be rebuilt, one row each: the runtime
 * lists no objects, and a backup must find all of them (docs/backup.md). Objects
 * enter themselves (listed.ts), and leave when they forget everything.
 *
 * A name here may be of an object that is empty; an object with data is never missing,
 * except for those of earlier releases that were not used since (`adopt`, backup.ts).
 */
import { DurableObject } from 'cloudflare:workers'
import type { Directory, DirectoryKind } from '#shared/contracts/entrypoints.ts'
import { DIRECTORY_NAME_MAX_CHARS, DIRECTORY_PAGE_MAX } from '../limits.ts'
import { Tables } from '../schema.ts'

export const DIRECTORY_MIGRATIONS = [
  `CREATE TABLE entry (
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     PRIMARY KEY (kind, name)
   ) WITHOUT ROWID;`,
]

export class DirectoryObject extends DurableObject<Cloudflare.Env> implements Directory {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, DIRECTORY_MIGRATIONS)
    this.#sql = state.storage.sql
  }

  /** @throws RangeError when the name is longer than any the platform gives */
  add(kind: DirectoryKind, name: string): void {
    if (name.length > DIRECTORY_NAME_MAX_CHARS) throw new RangeError('Name too long')
    this.#tables.ensure()
    this.#sql.exec('INSERT OR IGNORE INTO entry (kind, name) VALUES (?, ?)', kind, name)
  }

  remove(kind: DirectoryKind, name: string): void {
    if (!this.#tables.ready) return
    this.#sql.exec('DELETE FROM entry WHERE kind = ? AND name = ?', kind, name)
  }

  page(kind: DirectoryKind, after: string, limit: number): string[] {
    if (!this.#tables.ready) return []
    const sql = 'SELECT name FROM entry WHERE kind = ? AND name > ? ORDER BY name LIMIT ?'
    const most = Math.min(limit, DIRECTORY_PAGE_MAX)
    const rows = this.#sql.exec<{ name: string }>(sql, kind, after, most)
    return rows.toArray().map(({ name }) => name)
  }
}
