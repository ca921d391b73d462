/**
 * The Catalog's tables and what is asked of them: revisions (immutable, pinned by
 * digest), servers (the operator's word on each), and the views and indexes that
 * isolates may still be using. All synchronous, so every method is one atomic step.
 *
 * Does NOT judge a description (check.ts) nor reach KV (snapshot.ts).
 */
import {
  type CatalogIndex,
  type Definitions,
  indexKey,
  type ServerEntry,
  serverKey,
} from '#shared/catalog/entry.ts'
import type { PlatformRule } from '#shared/catalog/rules.ts'
import type { Finding } from '#shared/catalog/records.ts'
import type { ServerState } from './state.ts'
import { SUPERSEDED_KEEP_MS } from '../limits.ts'
import type { Tables } from '../schema.ts'

type ViewKey = { name: string; view: string }

/** A value of the snapshot: its KV key and text. */
export interface SnapshotValue {
  readonly key: string
  readonly text: string
}

export interface StoredServer {
  readonly name: string
  readonly state: ServerState
  readonly build: string
  readonly createdMs: number
  readonly updatedMs: number
}

export interface StoredRevision {
  readonly digest: string
  readonly build: string
  readonly findings: readonly Finding[]
  readonly madeBy: string
  readonly createdMs: number
}

type ServerRow = {
  name: string
  state: string
  build: string
  created_ms: number
  updated_ms: number
}
type RevisionRow = {
  digest: string
  build: string
  findings: string
  made_by: string
  created_ms: number
}

export class CatalogStore {
  readonly #sql: SqlStorage
  readonly #tables: Tables

  constructor(storage: DurableObjectStorage, tables: Tables) {
    this.#sql = storage.sql
    this.#tables = tables
  }

  /** Version of the newest index; 0 = nothing was ever published. */
  version(): number {
    if (!this.#tables.ready) return 0
    const sql = 'SELECT MAX(version) AS version FROM snapshot'
    return this.#sql.exec<{ version: number | null }>(sql).one().version ?? 0
  }

  /** The index of `version`, the newest if that one was forgotten, `null` if it was never made. */
  index(version = this.version()): CatalogIndex | null {
    const newest = this.version()
    if (version > newest || version < 0) return null
    if (newest === 0) return { version: 0, servers: {} }
    const sql = 'SELECT body FROM snapshot WHERE version IN (?, ?) ORDER BY version LIMIT 1'
    return JSON.parse(this.#sql.exec<{ body: string }>(sql, version, newest).one().body)
  }

  /** Asked before each server's own. */
  platformRules(): PlatformRule[] {
    return this.index()?.rules ?? []
  }

  entry(name: string, view: string): ServerEntry | null {
    if (!this.#tables.ready) return null
    const sql = 'SELECT body FROM view WHERE name = ? AND view = ?'
    const row = this.#sql.exec<{ body: string }>(sql, name, view).toArray()[0]
    if (row) return JSON.parse(row.body)
    const definitions = this.definitions(name, view)
    return definitions ? { name, digest: view, definitions } : null
  }

  definitions(name: string, digest: string): Definitions | undefined {
    if (!this.#tables.ready) return undefined
    const sql = 'SELECT definitions FROM revision WHERE name = ? AND digest = ?'
    const row = this.#sql.exec<{ definitions: string }>(sql, name, digest).toArray()[0]
    return row && JSON.parse(row.definitions)
  }

  /** Newest first. */
  revisions(name: string): StoredRevision[] {
    if (!this.#tables.ready) return []
    const sql = `SELECT digest, build, findings, made_by, created_ms FROM revision
                 WHERE name = ? ORDER BY created_ms DESC, rowid DESC`
    return this.#sql
      .exec<RevisionRow>(sql, name)
      .toArray()
      .map(({ digest, build, findings, made_by, created_ms }) => ({
        digest,
        build,
        findings: JSON.parse(findings),
        madeBy: made_by,
        createdMs: created_ms,
      }))
  }

  server(name: string): StoredServer | undefined {
    if (!this.#tables.ready) return undefined
    const row = this.#sql.exec<ServerRow>('SELECT * FROM server WHERE name = ?', name).toArray()[0]
    return row && serverOf(row)
  }

  servers(): StoredServer[] {
    if (!this.#tables.ready) return []
    const rows = this.#sql.exec<ServerRow>('SELECT * FROM server ORDER BY name').toArray()
    return rows.map(serverOf)
  }

  /** Of every server as it is shown now. */
  toolNames(): { server: string; tool: string }[] {
    if (!this.#tables.ready) return []
    const sql = `SELECT view.name AS server, json_extract(tool.value, '$.wire.name') AS tool
                 FROM view, json_each(view.body, '$.definitions.tools') AS tool
                 WHERE view.superseded_ms IS NULL`
    return this.#sql.exec<{ server: string; tool: string }>(sql).toArray()
  }

  /** The same definitions from a new build: no new version. */
  recordBuild(name: string, build: string): void {
    this.#sql.exec('UPDATE server SET build = ? WHERE name = ? AND build <> ?', build, name, build)
  }

  /** What callers are shown and KV lacks. */
  entriesDue(limit: number): SnapshotValue[] {
    if (!this.#tables.ready) return []
    const sql =
      'SELECT name, view, body FROM view WHERE in_kv < 2 AND superseded_ms IS NULL LIMIT ?'
    const due = this.#sql.exec<ViewKey & { body: string }>(sql, limit).toArray()
    return due.map(({ name, view, body }) => ({ key: serverKey(name, view), text: body }))
  }

  /** The newest index as it is stored; `undefined`: nothing was ever published. */
  newest(): { version: number; text: string } | undefined {
    if (!this.#tables.ready) return undefined
    const sql = 'SELECT version, body AS text FROM snapshot ORDER BY version DESC LIMIT 1'
    return this.#sql.exec<{ version: number; text: string }>(sql).toArray()[0]
  }

  /** How many values KV should hold and was not given yet. */
  dueCount(): number {
    if (!this.#tables.ready) return 0
    const sql = `SELECT (SELECT COUNT(*) FROM view WHERE in_kv < 2 AND superseded_ms IS NULL) +
                        (SELECT COUNT(*) FROM snapshot WHERE in_kv < 2 AND superseded_ms IS NULL) AS due`
    return this.#sql.exec<{ due: number }>(sql).one().due
  }

  /** The newest index, if KV lacks it. */
  indexDue(): (SnapshotValue & { version: number }) | undefined {
    if (!this.#tables.ready) return undefined
    const sql = 'SELECT version, body FROM snapshot WHERE in_kv < 2 AND superseded_ms IS NULL'
    const row = this.#sql.exec<{ version: number; body: string }>(sql).toArray()[0]
    return row && { key: indexKey(row.version), text: row.body, version: row.version }
  }

  /** Keys of copies that no isolate can still ask for. */
  staleKeys(nowMs: number, limit: number): string[] {
    if (!this.#tables.ready) return []
    const sinceMs = nowMs - SUPERSEDED_KEEP_MS
    const indexes = this.#sql
      .exec<{ version: number }>(
        'SELECT version FROM snapshot WHERE superseded_ms <= ? LIMIT ?',
        sinceMs,
        limit,
      )
      .toArray()
    const views = this.#sql
      .exec<ViewKey>('SELECT name, view FROM view WHERE superseded_ms <= ? LIMIT ?', sinceMs, limit)
      .toArray()
    return [
      ...indexes.map(({ version }) => indexKey(version)),
      ...views.map(({ name, view }) => serverKey(name, view)),
    ].slice(0, limit)
  }

  /** KV was found without what it was given. @returns whether callers are shown it, so that it is due again */
  noteMissing(key: string): boolean {
    if (!this.#tables.ready) return false
    const [kind, first, second] = key.split(':')
    const written =
      kind === 'server'
        ? this.#sql.exec(
            `UPDATE view SET in_kv = 1 WHERE name = ? AND view = ? AND in_kv = 2
               AND superseded_ms IS NULL RETURNING 1`,
            first,
            second,
          )
        : this.#sql.exec(
            `UPDATE snapshot SET in_kv = 1 WHERE version = ? AND in_kv = 2
               AND superseded_ms IS NULL RETURNING 1`,
            Number(first),
          )
    return written.toArray().length > 0
  }

  noteTried(key: string): void {
    this.#setInKv(key, 1)
  }

  noteHeld(key: string): void {
    this.#setInKv(key, 2)
  }

  /** What is stale is gone from here too; its revision is kept. */
  noteGone(key: string): void {
    const [kind, first, second] = key.split(':')
    if (kind === 'server') {
      // Shown again meanwhile: KV lacks it now, and the next alarm brings it back.
      this.#setInKv(key, 0)
      const sql = 'DELETE FROM view WHERE name = ? AND view = ? AND superseded_ms IS NOT NULL'
      this.#sql.exec(sql, first, second)
    } else {
      this.#sql.exec('DELETE FROM snapshot WHERE version = ?', Number(first))
    }
  }

  #setInKv(key: string, inKv: 0 | 1 | 2): void {
    const [kind, first, second] = key.split(':')
    if (kind === 'server') {
      const sql = 'UPDATE view SET in_kv = ? WHERE name = ? AND view = ?'
      this.#sql.exec(sql, inKv, first, second)
    } else {
      this.#sql.exec('UPDATE snapshot SET in_kv = ? WHERE version = ?', inKv, Number(first))
    }
  }
}

const serverOf = ({ name, state, build, created_ms, updated_ms }: ServerRow): StoredServer => ({
  name,
  state: JSON.parse(state),
  build,
  createdMs: created_ms,
  updatedMs: updated_ms,
})
