/**
 * The Catalog's tables and what is asked of them: revisions (immutable, pinned by
 * digest), servers (which revision is live, under which policy), and the indexes
 * isolates may still be using. All synchronous, so every method is one atomic step.
 *
 * Does NOT judge a description (catalog-check.ts) nor reach KV (catalog-snapshot.ts).
 */
import {
  type CatalogIndex,
  DEFAULT_POLICY,
  indexKey,
  type Policy,
  type PolicyFile,
  type ServerDescription,
  type ServerEntry,
  serverKey,
} from '#shared/catalog/entry.ts'
import { REVISIONS_PER_SERVER_MAX, SUPERSEDED_KEEP_MS } from './limits.ts'
import type { Tables } from './schema.ts'

/**
 * `in_kv`: 0 never tried, 1 tried (KV may hold it), 2 held.
 * `superseded_ms`: since when it is not what callers are shown; null while it is.
 */
export const CATALOG_MIGRATIONS = [
  `CREATE TABLE server (
     name TEXT PRIMARY KEY,
     digest TEXT NOT NULL,
     build TEXT NOT NULL,
     policy TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     updated_ms INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE revision (
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     build TEXT NOT NULL,
     definitions TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     in_kv INTEGER NOT NULL DEFAULT 0,
     superseded_ms INTEGER,
     PRIMARY KEY (name, digest)
   );
   CREATE TABLE snapshot (
     version INTEGER PRIMARY KEY,
     body TEXT NOT NULL,
     in_kv INTEGER NOT NULL DEFAULT 0,
     superseded_ms INTEGER
   );
   CREATE INDEX revision_due ON revision (in_kv, superseded_ms);`,
]

type ServerRow = { name: string; digest: string; build: string; policy: string }
type RevisionKey = { name: string; digest: string }

/** A value of the snapshot: its KV key and text. */
export interface SnapshotValue {
  readonly key: string
  readonly text: string
}

export class CatalogStore {
  readonly #sql: SqlStorage
  readonly #storage: DurableObjectStorage
  readonly #tables: Tables

  constructor(storage: DurableObjectStorage, tables: Tables) {
    this.#storage = storage
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

  entry(name: string, digest: string): ServerEntry | null {
    if (!this.#tables.ready) return null
    const sql = 'SELECT definitions FROM revision WHERE name = ? AND digest = ?'
    const row = this.#sql.exec<{ definitions: string }>(sql, name, digest).toArray()[0]
    return row ? { name, digest, definitions: JSON.parse(row.definitions) } : null
  }

  knows(name: string, digest: string): boolean {
    if (!this.#tables.ready) return false
    const sql = 'SELECT 1 FROM revision WHERE name = ? AND digest = ?'
    return this.#sql.exec(sql, name, digest).toArray().length > 0
  }

  server(name: string): ServerRow | undefined {
    if (!this.#tables.ready) return undefined
    return this.#sql.exec<ServerRow>('SELECT * FROM server WHERE name = ?', name).toArray()[0]
  }

  /** What the index would be if `name` pointed at `digest`; nothing is written. */
  indexWith(name: string, digest: string, policy: Policy): CatalogIndex {
    const { version, servers } = this.index() as CatalogIndex
    const changed = { ...servers, [name]: { digest, policy } }
    const sorted = Object.entries(changed).sort(([a], [b]) => (a < b ? -1 : 1))
    return { version: version + 1, servers: Object.fromEntries(sorted) }
  }

  policyFor(name: string, file: PolicyFile | undefined): Policy {
    const known = this.server(name)
    if (known) return JSON.parse(known.policy)
    const { visibility, dpop, strict, publish } = { ...DEFAULT_POLICY, ...file }
    return { visibility, dpop, strict, publish } as Policy
  }

  /** Records the description as a revision; live at once unless `index` is `undefined`. */
  record(
    name: string,
    { digest, build, definitions }: ServerDescription,
    index: CatalogIndex | undefined,
    nowMs: number,
  ): void {
    this.#tables.ensure()
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT INTO revision (name, digest, build, definitions, created_ms, superseded_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO UPDATE SET build = excluded.build`,
        name,
        digest,
        build,
        JSON.stringify(definitions),
        nowMs,
      )
      if (index) this.#makeLive(name, digest, build, index, nowMs)
      this.#forgetOldRevisions(name)
    })
  }

  /** The same definitions from a new build: no new version. */
  recordBuild(name: string, build: string): void {
    this.#sql.exec('UPDATE server SET build = ? WHERE name = ? AND build <> ?', build, name, build)
  }

  #makeLive(name: string, digest: string, build: string, index: CatalogIndex, nowMs: number): void {
    this.#sql.exec(
      `UPDATE revision SET superseded_ms = ? WHERE name = ? AND superseded_ms IS NULL`,
      nowMs,
      name,
    )
    this.#sql.exec(
      'UPDATE revision SET superseded_ms = NULL WHERE name = ? AND digest = ?',
      name,
      digest,
    )
    this.#sql.exec(
      `INSERT INTO server (name, digest, build, policy, created_ms, updated_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?5)
       ON CONFLICT DO UPDATE SET digest = excluded.digest, build = excluded.build,
         policy = excluded.policy, updated_ms = excluded.updated_ms`,
      name,
      digest,
      build,
      JSON.stringify(index.servers[name]?.policy),
      nowMs,
    )
    // An index that never left for KV was shown to nobody but its publisher.
    this.#sql.exec('DELETE FROM snapshot WHERE in_kv = 0')
    this.#sql.exec('UPDATE snapshot SET superseded_ms = ? WHERE superseded_ms IS NULL', nowMs)
    this.#sql.exec(
      'INSERT INTO snapshot (version, body) VALUES (?, ?)',
      index.version,
      JSON.stringify(index),
    )
  }

  #forgetOldRevisions(name: string): void {
    this.#sql.exec(
      `DELETE FROM revision WHERE name = ?1 AND in_kv = 0 AND superseded_ms IS NOT NULL
         AND digest NOT IN (
           SELECT digest FROM revision WHERE name = ?1 ORDER BY created_ms DESC LIMIT ?2)`,
      name,
      REVISIONS_PER_SERVER_MAX,
    )
  }

  /** Live definitions that KV lacks. */
  entriesDue(limit: number): SnapshotValue[] {
    if (!this.#tables.ready) return []
    const sql =
      'SELECT name, digest FROM revision WHERE in_kv < 2 AND superseded_ms IS NULL LIMIT ?'
    const due = this.#sql.exec<RevisionKey>(sql, limit).toArray()
    return due.map(({ name, digest }) => ({
      key: serverKey(name, digest),
      text: JSON.stringify(this.entry(name, digest)),
    }))
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
    const entries = this.#sql
      .exec<RevisionKey>(
        'SELECT name, digest FROM revision WHERE in_kv > 0 AND superseded_ms <= ? LIMIT ?',
        sinceMs,
        limit,
      )
      .toArray()
    return [
      ...indexes.map(({ version }) => indexKey(version)),
      ...entries.map(({ name, digest }) => serverKey(name, digest)),
    ].slice(0, limit)
  }

  noteTried(key: string): void {
    this.#setInKv(key, 1)
  }

  noteHeld(key: string): void {
    this.#setInKv(key, 2)
  }

  noteGone(key: string): void {
    if (key.startsWith('server:')) return this.#setInKv(key, 0)
    this.#sql.exec('DELETE FROM snapshot WHERE version = ?', Number(key.split(':')[1]))
  }

  #setInKv(key: string, inKv: 0 | 1 | 2): void {
    const [kind, first, second] = key.split(':')
    if (kind === 'server') {
      const sql = 'UPDATE revision SET in_kv = ? WHERE name = ? AND digest = ?'
      this.#sql.exec(sql, inKv, first, second)
    } else {
      this.#sql.exec('UPDATE snapshot SET in_kv = ? WHERE version = ?', inKv, Number(first))
    }
  }
}
