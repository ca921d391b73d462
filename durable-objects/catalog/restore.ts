/**
 * A backup's catalog comes back: its records are staged page by page and come in
 * force together. What happened here since wins over what the backup says:
 *
 *  - a Catalog that was not lost (its history holds the backup's own line) stays as it is;
 *  - of one that was lost, servers return as operators left them; then what operators
 *    have changed since the loss is put on top, and what runs now goes live as a deploy would.
 *
 * Doing it again, or after an interruption, leads to the same state.
 */
import type { CatalogChange } from '#shared/catalog/records.ts'
import type { PlatformRule } from '#shared/catalog/rules.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type {
  BackupRecord,
  CatalogRestored,
  CatalogServerRow,
} from '#shared/catalog/backup-contract.ts'
import type { CatalogHistory } from './history.ts'
import { type AdminFailure, deployed, type ServerState, wordsFollowCode } from './state.ts'
import type { CatalogStore } from './store.ts'
import type { CatalogWriter, ServerChange } from './writer.ts'
import type { Tables } from '../schema.ts'

/** In the history, of whoever holds the key file (`npm run backup`, `npm run restore`). */
export const KEY_HOLDER = 'operator'
/** Lines of the history that change nothing by an operator's will. */
const NOT_WORDS = new Set(['backup', 'restore'])
const NOT_OPERATORS = new Set(['deploy', 'automatic'])

/** A line that the backup holds, too. */
const IS_STAGED = `EXISTS (SELECT 1 FROM staged WHERE staged.kind = 'change'
  AND staged.at = CAST(change.id AS TEXT) AND json_extract(staged.body, '$.atMs') = change.at_ms
  AND json_extract(staged.body, '$.action') = change.action)`

type CatalogRecord = Extract<BackupRecord, { kind: 'server' | 'rules' | 'change' | 'revision' }>

type Merged = Omit<CatalogRestored, 'isInForce'>

export class CatalogRestore {
  readonly #store: CatalogStore
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #tables: Tables
  readonly #writer: CatalogWriter
  readonly #history: CatalogHistory

  constructor(
    store: CatalogStore,
    storage: DurableObjectStorage,
    tables: Tables,
    writer: CatalogWriter,
    history: CatalogHistory,
  ) {
    this.#store = store
    this.#storage = storage
    this.#sql = storage.sql
    this.#tables = tables
    this.#writer = writer
    this.#history = history
  }

  /** Kept beside the catalog until `finish`; of one backup at a time. */
  stage(backup: string, records: readonly CatalogRecord[]): void {
    this.#tables.ensure()
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM staged WHERE backup <> ?', backup)
      for (const record of records) {
        this.#sql.exec(
          'INSERT OR REPLACE INTO staged (backup, kind, at, body) VALUES (?, ?, ?, ?)',
          backup,
          record.kind,
          keyOf(record),
          JSON.stringify(record.kind === 'rules' ? record.rules : record.row),
        )
      }
    })
  }

  async finish(backup: string): Promise<Result<Merged, AdminFailure>> {
    this.#tables.ensure()
    this.#sql.exec('DELETE FROM staged WHERE backup <> ?', backup)
    const servers = this.#staged<CatalogServerRow>('server')
    if (this.#isNewer()) {
      this.#forgetStaged()
      this.#history.append({ by: KEY_HOLDER, action: 'restore', note: `${backup}: kept as it is` })
      return ok({ written: 0, kept: servers.length, warnings: [], wasLost: false })
    }
    this.#insertRevisions()
    const since = this.#changesSince()
    const warnings: string[] = []
    const changes = servers.flatMap((server) => this.#changeFor(server, since, warnings))
    const act = { by: KEY_HOLDER, action: 'restore', note: backup }
    const written = await this.#writer.write(act, changes, this.#rules(since))
    if (!written.ok) return fail(written.failure)
    this.#storage.transactionSync(() => {
      this.#mergeHistory()
      for (const { name, createdMs, build } of servers) {
        const sql = `UPDATE server SET created_ms = ?1,
                       build = CASE build WHEN '' THEN ?2 ELSE build END WHERE name = ?3`
        this.#sql.exec(sql, createdMs, build, name)
      }
      this.#forgetStaged()
      this.#history.append({ ...act, note: `${backup}: ${changes.length} servers` })
    })
    const kept = servers.length - changes.length
    return ok({ written: changes.length, kept, warnings, wasLost: true })
  }

  /** The history here knows of the backup: nothing was lost since. */
  #isNewer(): boolean {
    const sql = "SELECT MAX(CAST(at AS INTEGER)) AS id FROM staged WHERE kind = 'change'"
    const { id } = this.#sql.exec<{ id: number | null }>(sql).one()
    if (id === null) return false
    const known = this.#sql.exec(`SELECT 1 FROM change WHERE id = ? AND ${IS_STAGED}`, id)
    if (known.toArray().length > 0) return true
    // So many changes later that the history has forgotten it.
    const { first } = this.#sql
      .exec<{ first: number | null }>('SELECT MIN(id) AS first FROM change')
      .one()
    return (first ?? 0) > id
  }

  #insertRevisions(): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO revision
         (name, digest, build, definitions, findings, made_by, created_ms)
       SELECT json_extract(body, '$.server'), json_extract(body, '$.digest'),
         json_extract(body, '$.build'), json_extract(body, '$.definitions'),
         json_extract(body, '$.findings'), json_extract(body, '$.madeBy'),
         json_extract(body, '$.createdMs')
       FROM staged WHERE kind = 'revision' ORDER BY rowid`,
    )
  }

  /** What operators changed here that the backup does not know, oldest first. */
  #changesSince(): CatalogChange[] {
    return this.#history
      .where(`NOT ${IS_STAGED}`)
      .filter(({ by, action }) => !NOT_OPERATORS.has(by) && !NOT_WORDS.has(action))
  }

  #rules(since: readonly CatalogChange[]): PlatformRule[] {
    const isChanged = since.some(({ after }) => 'rules' in after)
    const staged = this.#staged<PlatformRule[]>('rules')[0]
    return isChanged || !staged ? this.#store.platformRules() : staged
  }

  /** @returns nothing where an operator removed the server since, or its definitions are gone */
  #changeFor(
    { name, state }: CatalogServerRow,
    since: readonly CatalogChange[],
    warnings: string[],
  ): ServerChange[] {
    const words = since.filter(({ server }) => server === name)
    const here = this.#store.server(name)?.state
    if (!here && words.at(-1)?.action === 'remove') return []
    const said = words.map(({ after }) => after)
    const merged = Object.entries(Object.assign({}, state, ...said) as object)
    const kept = Object.fromEntries(merged.filter(([, value]) => value !== null))
    const next = this.#withKnownLabels(name, kept as ServerState)
    if (!next) {
      warnings.push(`${name} was not restored: the backup lacks the revision that was live`)
      return []
    }
    const isChosen = said.some((after) => 'live' in after)
    return [{ name, next: isChosen || !here ? next : this.#asRuns(name, next, here) }]
  }

  /** What was found deployed since the loss, as if it were deployed after the backup. */
  #asRuns(name: string, state: ServerState, here: ServerState): ServerState {
    const digest = here.waiting ?? here.live.digest
    const findings = this.#store.revisions(name).find((one) => one.digest === digest)?.findings
    const needsOperator = findings?.some(({ level }) => level === 'refusal') ?? false
    return deployed(state, digest, undefined, needsOperator)
  }

  /** Without labels whose revision is gone; `undefined`: the live one is. */
  #withKnownLabels(name: string, state: ServerState): ServerState | undefined {
    const isKnown = (digest: string | undefined): boolean =>
      digest !== undefined && this.#store.definitions(name, digest) !== undefined
    const { previous, canary, waiting, ...rest } = state
    if (!isKnown(state.live.digest)) return undefined
    return wordsFollowCode({
      ...rest,
      ...(previous && isKnown(previous.digest) ? { previous } : {}),
      ...(canary && isKnown(canary.digest) ? { canary } : {}),
      ...(waiting !== undefined && isKnown(waiting) ? { waiting } : {}),
    })
  }

  /** The backup's lines keep their numbers; those since follow. */
  #mergeHistory(): void {
    this.#sql.exec(`DELETE FROM change WHERE ${IS_STAGED}`)
    const sql = `SELECT MAX((SELECT MAX(CAST(at AS INTEGER)) FROM staged WHERE kind = 'change'),
                   (SELECT MAX(id) FROM change)) AS offset`
    const { offset } = this.#sql.exec<{ offset: number | null }>(sql).one()
    if (offset === null) return
    this.#sql.exec('UPDATE change SET id = id + ?', offset)
    this.#sql.exec(
      `INSERT INTO change (id, at_ms, made_by, server, action, note, before, after)
       SELECT CAST(at AS INTEGER), json_extract(body, '$.atMs'), json_extract(body, '$.by'),
         json_extract(body, '$.server'), json_extract(body, '$.action'),
         json_extract(body, '$.note'), json_extract(body, '$.before'),
         json_extract(body, '$.after')
       FROM staged WHERE kind = 'change' ORDER BY rowid`,
    )
  }

  #staged<Body>(kind: CatalogRecord['kind']): Body[] {
    const sql = 'SELECT body FROM staged WHERE kind = ? ORDER BY rowid'
    const rows = this.#sql.exec<{ body: string }>(sql, kind).toArray()
    return rows.map(({ body }) => JSON.parse(body) as Body)
  }

  #forgetStaged(): void {
    this.#sql.exec('DELETE FROM staged')
  }
}

function keyOf(record: CatalogRecord): string {
  switch (record.kind) {
    case 'server':
      return record.row.name
    case 'change':
      return String(record.row.id)
    case 'revision':
      return `${record.row.server}/${record.row.digest}`
    case 'rules':
      return ''
  }
}
