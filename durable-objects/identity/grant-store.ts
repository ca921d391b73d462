/**
 * One shard of what workers-oauth-provider keeps, with the compare-and-set that
 * KV lacks (DPOP §7): codes, consent handles and refresh rotation are decided
 * here. Every method reads and writes without an await between, so two calls
 * never see the same state.
 *
 * Does NOT understand the values: they are the library's, and hashed or wrapped by it.
 * A person's object (its rows are `grant:<person>:<id>`) is backed up: it is in the
 * Directory, and remembers which grants were ended, so that no backup brings them back.
 */
import { DurableObject } from 'cloudflare:workers'
import type {
  GrantRow,
  GrantStore,
  PutOptions,
  StoredValue,
} from '#shared/contracts/entrypoints.ts'
import type { Restored } from '#shared/contracts/identity.ts'
import {
  BACKUP_MIN_REMAINING_SECONDS,
  ENDED_GRANTS_MAX,
  GRANT_KEY_MAX_CHARS,
  GRANT_LIST_MAX_KEYS,
  GRANT_ROWS_MAX,
  GRANT_VALUE_MAX_CHARS,
  SWEEP_INTERVAL_MS,
} from '../limits.ts'
import { Listed } from '../backup/listed.ts'
import { Tables } from '../schema.ts'

export const GRANT_STORE_MIGRATIONS = [
  `CREATE TABLE item (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL,
     revision INTEGER NOT NULL,
     metadata TEXT NOT NULL,
     expires_at_s INTEGER
   ) WITHOUT ROWID;
   CREATE INDEX item_expiry ON item (expires_at_s) WHERE expires_at_s IS NOT NULL;`,

  // Grants that were ended before they expired: a restored backup must not bring them back.
  `CREATE TABLE ended (
     key TEXT PRIMARY KEY,
     until_s INTEGER NOT NULL
   ) WITHOUT ROWID;`,
]

type Row = {
  key: string
  value: string
  revision: number
  metadata: string
  expires_at_s: number | null
}

/** Sorts after every key that starts with a prefix, appended to it. */
const LAST_CHARACTER = '\u{10FFFF}'
const LIVE = '(expires_at_s IS NULL OR expires_at_s > ?)'
const nowSeconds = (): number => Date.now() / 1000

/** The name of the object that holds a grant (workers/oauth/store.ts); `undefined`: no grant's key. */
const personObjectOf = (key: string): string | undefined => {
  const [, person] = /^grant:([^:]+):/.exec(key) ?? []
  return person === undefined ? undefined : `u:${person}`
}

export class GrantStoreObject extends DurableObject<Cloudflare.Env> implements GrantStore {
  readonly #tables: Tables
  readonly #sql: SqlStorage
  readonly #listed: Listed
  #lastRevision = 0

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, GRANT_STORE_MIGRATIONS)
    this.#sql = state.storage.sql
    this.#listed = new Listed(state.storage, 'grants', () => this.env.DIRECTORY)
  }

  get(key: string): StoredValue | null {
    const row = this.#live(key)
    if (!row) return null
    return { value: row.value, revision: row.revision, metadata: JSON.parse(row.metadata) }
  }

  /** @throws RangeError when key or value is longer than any the platform writes */
  async put(key: string, value: string, options: PutOptions): Promise<boolean> {
    if (key.length > GRANT_KEY_MAX_CHARS) throw new RangeError('Key too long')
    if (value.length > GRANT_VALUE_MAX_CHARS) throw new RangeError('Value too long')
    const person = personObjectOf(key)
    if (person !== undefined) await this.#listed.enter(person)
    const current = this.#live(key)
    if (options.ifRevision !== undefined && options.ifRevision !== (current?.revision ?? 0)) {
      return false
    }
    this.#tables.ensure()
    if (!current && !this.#hasRoom(Math.min(options.maxRows ?? Infinity, GRANT_ROWS_MAX))) {
      return false
    }
    const { metadata = null, expiresAtSeconds = null } = options
    this.#write({ key, value, metadata, expiresAtSeconds }, current?.revision ?? 0)
    await this.#schedule()
    return true
  }

  #write({ key, value, metadata, expiresAtSeconds }: GrantRow, current: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO item (key, value, revision, metadata, expires_at_s) VALUES (?, ?, ?, ?, ?)',
      key,
      value,
      this.#nextRevision(current),
      JSON.stringify(metadata),
      expiresAtSeconds,
    )
  }

  async count(key: string, max: number, windowSeconds: number): Promise<boolean> {
    const current = this.#live(key)
    const counted = Number(current?.value ?? 0)
    if (counted >= max) return false
    const expiresAtSeconds = current?.expires_at_s ?? Math.ceil(nowSeconds()) + windowSeconds
    return this.put(key, String(counted + 1), { expiresAtSeconds })
  }

  async delete(key: string): Promise<boolean> {
    const row = this.#live(key)
    if (!this.#tables.ready) return false
    this.#sql.exec('DELETE FROM item WHERE key = ?', key)
    if (row && personObjectOf(key) !== undefined) this.#noteEnded(row)
    await this.#schedule()
    return row !== undefined
  }

  backUp(after: string, maxChars: number): GrantRow[] {
    if (!this.#tables.ready) return []
    const sql = `SELECT key, value, metadata, expires_at_s AS expiresAtSeconds FROM item
                 WHERE key > ?1 AND key >= 'grant:' AND key < 'grant;'
                   AND (expires_at_s IS NULL OR expires_at_s > ?2) ORDER BY key`
    const rows: GrantRow[] = []
    let chars = 0
    const worthFromSeconds = nowSeconds() + BACKUP_MIN_REMAINING_SECONDS
    type Stored = Pick<GrantRow, 'key' | 'value' | 'expiresAtSeconds'> & { metadata: string }
    for (const { metadata, ...row } of this.#sql.exec<Stored>(sql, after, worthFromSeconds)) {
      rows.push({ ...row, metadata: JSON.parse(metadata) as unknown })
      chars += row.value.length + metadata.length
      if (chars >= maxChars) break
    }
    return rows
  }

  async restore(rows: readonly GrantRow[]): Promise<Restored> {
    const person = personObjectOf(rows[0]?.key ?? '')
    if (person !== undefined) await this.#listed.enter(person)
    this.#tables.ensure()
    const lost = rows.filter(
      ({ key, expiresAtSeconds }) =>
        (expiresAtSeconds ?? Infinity) > nowSeconds() && !this.#live(key) && !this.#isEnded(key),
    )
    for (const row of lost) this.#write(row, 0)
    await this.#schedule()
    return { written: lost.length, kept: rows.length - lost.length }
  }

  async adopt(): Promise<boolean> {
    if (!this.#tables.ready) return false
    const sql = "SELECT key FROM item WHERE key >= 'grant:' AND key < 'grant;' LIMIT 1"
    const [row] = this.#sql.exec<{ key: string }>(sql).toArray()
    const person = row && personObjectOf(row.key)
    return person !== undefined && this.#listed.enter(person)
  }

  list(prefix: string, limit: number, cursor?: string): ReturnType<GrantStore['list']> {
    if (!this.#tables.ready) return { keys: [] }
    const pageKeys = Math.max(1, Math.min(limit, GRANT_LIST_MAX_KEYS))
    const rows = this.#sql
      .exec<Row>(
        `SELECT key, metadata, expires_at_s FROM item
         WHERE key >= ?1 AND key < ?2 AND (?3 IS NULL OR key > ?3) AND ${LIVE} ORDER BY key LIMIT ?`,
        prefix,
        prefix + LAST_CHARACTER,
        cursor ?? null,
        nowSeconds(),
        pageKeys + 1,
      )
      .toArray()
    const page = rows.slice(0, pageKeys)
    const keys = page.map((row) => ({
      name: row.key,
      metadata: JSON.parse(row.metadata) as unknown,
      ...(row.expires_at_s === null ? {} : { expiresAtSeconds: row.expires_at_s }),
    }))
    const last = page.at(-1)
    return rows.length > pageKeys && last ? { keys, cursor: last.key } : { keys }
  }

  override async alarm(): Promise<void> {
    if (!this.#tables.ready) return
    this.#sql.exec('DELETE FROM item WHERE expires_at_s <= ?', nowSeconds())
    this.#sql.exec('DELETE FROM ended WHERE until_s <= ?', nowSeconds())
    const sql = 'SELECT 1 FROM item UNION ALL SELECT 1 FROM ended LIMIT 1'
    if (this.#sql.exec(sql).toArray().length === 0) {
      await this.#listed.leave(() => this.#tables.destroy())
      return
    }
    // Of an earlier release, or the Directory did not answer then.
    await this.adopt()
    await this.#schedule()
  }

  /** As long as the grant would have lived. */
  #noteEnded({ key, expires_at_s: untilSeconds }: Row): void {
    if ((untilSeconds ?? 0) < nowSeconds() + BACKUP_MIN_REMAINING_SECONDS) return
    this.#sql.exec('INSERT OR REPLACE INTO ended (key, until_s) VALUES (?, ?)', key, untilSeconds)
    const surplus = 'SELECT key FROM ended ORDER BY until_s DESC LIMIT -1 OFFSET ?'
    this.#sql.exec(`DELETE FROM ended WHERE key IN (${surplus})`, ENDED_GRANTS_MAX)
  }

  #isEnded(key: string): boolean {
    return this.#sql.exec('SELECT 1 FROM ended WHERE key = ?', key).toArray().length > 0
  }

  /** Rows that expired count no longer: they go here, if the alarm has not taken them yet. */
  #hasRoom(maxRows: number): boolean {
    const sql = 'SELECT COUNT(*) AS rows FROM item'
    if (this.#sql.exec<{ rows: number }>(sql).one().rows < maxRows) return true
    this.#sql.exec('DELETE FROM item WHERE expires_at_s <= ?', nowSeconds())
    return this.#sql.exec<{ rows: number }>(sql).one().rows < maxRows
  }

  #live(key: string): Row | undefined {
    if (!this.#tables.ready) return undefined
    const sql = `SELECT * FROM item WHERE key = ? AND ${LIVE}`
    return this.#sql.exec<Row>(sql, key, nowSeconds()).toArray()[0]
  }

  /** Counts from the clock, so that a key deleted and written again never repeats a revision. */
  #nextRevision(current: number): number {
    this.#lastRevision = Math.max(Date.now(), current + 1, this.#lastRevision + 1)
    return this.#lastRevision
  }

  /** One alarm for all rows: at the first expiry, or soon when nothing is left. */
  async #schedule(): Promise<void> {
    const first = this.#sql
      .exec<{ s: number | null; rows: number }>(
        `SELECT MIN(s) AS s, EXISTS (SELECT 1 FROM item) OR EXISTS (SELECT 1 FROM ended) AS rows
         FROM (SELECT MIN(expires_at_s) AS s FROM item UNION ALL SELECT MIN(until_s) FROM ended)`,
      )
      .one()
    const soonMs = Date.now() + SWEEP_INTERVAL_MS
    const dueMs = first.rows ? first.s && Math.max(first.s * 1000, soonMs) : soonMs
    const setMs = await this.ctx.storage.getAlarm()
    if (dueMs && (setMs === null || setMs > dueMs)) await this.ctx.storage.setAlarm(dueMs)
  }
}
