/** Who changed what of the catalog, when, and how it was before. Append-only, bounded. */
import type { CatalogChange } from '#shared/catalog/records.ts'
import type { Act } from './writer.ts'
import { HISTORY_PAGE_MAX } from '../limits.ts'
import type { Tables } from '../schema.ts'

export type ChangeRow = {
  id: number
  at_ms: number
  made_by: string
  server: string | null
  action: string
  note: string | null
  before: string
  after: string
}

const SELECT = 'SELECT id, at_ms, made_by, server, action, note, before, after FROM change'

export class CatalogHistory {
  readonly #sql: SqlStorage
  readonly #tables: Tables

  constructor(storage: DurableObjectStorage, tables: Tables) {
    this.#sql = storage.sql
    this.#tables = tables
  }

  /** Newest first. @param before id of the last change of the page before */
  page(server: string | undefined, before = Number.MAX_SAFE_INTEGER): CatalogChange[] {
    if (!this.#tables.ready) return []
    const rows =
      server === undefined
        ? this.#sql.exec<ChangeRow>(
            `${SELECT} WHERE id < ? ORDER BY id DESC LIMIT ?`,
            before,
            HISTORY_PAGE_MAX,
          )
        : this.#sql.exec<ChangeRow>(
            `${SELECT} WHERE server = ? AND id < ? ORDER BY id DESC LIMIT ?`,
            server,
            before,
            HISTORY_PAGE_MAX,
          )
    return rows.toArray().map(changeOf)
  }

  /** A line about the whole platform that changes nothing of the catalog. */
  append({ by, action, note }: Act): void {
    this.#tables.ensure()
    this.#sql.exec(
      `INSERT INTO change (at_ms, made_by, action, note, before, after)
       VALUES (?, ?, ?, ?, '{}', '{}')`,
      Date.now(),
      by,
      action,
      note ?? null,
    )
  }

  /** All that fit, oldest first. @param condition of the platform's own making, never from outside */
  where(condition: string): CatalogChange[] {
    if (!this.#tables.ready) return []
    return this.#sql
      .exec<ChangeRow>(`${SELECT} WHERE ${condition} ORDER BY id`)
      .toArray()
      .map(changeOf)
  }

  find(id: number): CatalogChange | undefined {
    if (!this.#tables.ready) return undefined
    const row = this.#sql.exec<ChangeRow>(`${SELECT} WHERE id = ?`, id).toArray()[0]
    return row && changeOf(row)
  }
}

export const changeOf = ({
  id,
  at_ms,
  made_by,
  server,
  action,
  note,
  ...rest
}: ChangeRow): CatalogChange => ({
  id,
  atMs: at_ms,
  by: made_by,
  action,
  ...(server === null ? {} : { server }),
  ...(note === null ? {} : { note }),
  before: JSON.parse(rest.before) as CatalogChange['before'],
  after: JSON.parse(rest.after) as CatalogChange['after'],
})
