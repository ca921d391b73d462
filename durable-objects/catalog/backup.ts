/**
 * What of the Catalog cannot be rebuilt, page by page: servers as operators left them,
 * rules, history, revisions. A server is read before the revisions it names, so that
 * a change in between leaves none of them out.
 *
 * Does NOT hold views, indexes and what is in KV: they are made of this.
 */
import type { BackupRecord, CatalogRevisionRow } from '#shared/catalog/backup-contract.ts'
import { changeOf, type ChangeRow } from './history.ts'
import type { CatalogStore } from './store.ts'
import type { Tables } from '../schema.ts'

type ServerRow = { name: string; state: string; build: string; created_ms: number }
type RevisionRow = {
  at: number
  name: string
  digest: string
  build: string
  definitions: string
  findings: string
  made_by: string
  created_ms: number
}

/** One kind of rows: what comes after a place, and the place of the last. */
type Step = (sql: SqlStorage, after: string) => Iterable<{ at: string; record: BackupRecord }>

const STEPS: Readonly<Record<string, Step>> = {
  *server(sql, after) {
    const rows = sql.exec<ServerRow>('SELECT * FROM server WHERE name > ? ORDER BY name', after)
    for (const { name, state, build, created_ms } of rows) {
      const row = { name, state: JSON.parse(state) as unknown, build, createdMs: created_ms }
      yield { at: name, record: { kind: 'server', row } }
    }
  },
  *change(sql, after) {
    const query = 'SELECT * FROM change WHERE id > ? ORDER BY id'
    for (const row of sql.exec<ChangeRow>(query, Number(after))) {
      yield { at: String(row.id), record: { kind: 'change', row: changeOf(row) } }
    }
  },
  *revision(sql, after) {
    const query = 'SELECT rowid AS at, * FROM revision WHERE rowid > ? ORDER BY rowid'
    for (const row of sql.exec<RevisionRow>(query, Number(after))) {
      yield { at: String(row.at), record: { kind: 'revision', row: revisionOf(row) } }
    }
  },
}
const ORDER = Object.keys(STEPS)

export interface CatalogPage {
  readonly records: readonly BackupRecord[]
  /** Of the next page; absent: this was the last. */
  readonly cursor?: string
}

/**
 * @param cursor of the page before; empty = the first
 * @param maxChars a page ends with the row that reaches it
 */
export function catalogPage(
  store: CatalogStore,
  tables: Tables,
  sql: SqlStorage,
  cursor: string,
  maxChars: number,
): CatalogPage {
  if (!tables.ready) return { records: [] }
  const [, step = 'server', after = ''] = /^(\w+):(.*)$/s.exec(cursor) ?? []
  const records: BackupRecord[] =
    cursor === '' ? [{ kind: 'rules', rules: store.platformRules() }] : []
  let chars = 0
  for (const { at, record } of STEPS[step]?.(sql, after) ?? []) {
    records.push(record)
    chars += JSON.stringify(record).length
    if (chars >= maxChars) return { records, cursor: `${step}:${at}` }
  }
  const next = ORDER[ORDER.indexOf(step) + 1]
  return next === undefined ? { records } : { records, cursor: `${next}:` }
}

const revisionOf = (row: RevisionRow): CatalogRevisionRow => ({
  server: row.name,
  digest: row.digest,
  build: row.build,
  definitions: JSON.parse(row.definitions) as CatalogRevisionRow['definitions'],
  findings: JSON.parse(row.findings) as CatalogRevisionRow['findings'],
  madeBy: row.made_by,
  createdMs: row.created_ms,
})
