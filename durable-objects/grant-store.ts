/**
 * One shard of what workers-oauth-provider keeps, with the compare-and-set that
 * KV lacks (DPOP §7): codes, consent handles and refresh rotation are decided
 * here. Every method reads and writes without an await between, so two calls
 * never see the same state.
 *
 * Does NOT understand the values: they are the library's, and hashed or wrapped by it.
 */
import { DurableObject } from 'cloudflare:workers'
import type { GrantStore, PutOptions, StoredValue } from '#shared/rpc.ts'
import {
  GRANT_KEY_MAX_CHARS,
  GRANT_LIST_MAX_KEYS,
  GRANT_ROWS_MAX,
  GRANT_VALUE_MAX_CHARS,
  SWEEP_INTERVAL_MS,
} from './limits.ts'
import { Tables } from './schema.ts'

export const GRANT_STORE_MIGRATIONS = [
  `CREATE TABLE item (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL,
     revision INTEGER NOT NULL,
     metadata TEXT NOT NULL,
     expires_at_s INTEGER
   ) WITHOUT ROWID;
   CREATE INDEX item_expiry ON item (expires_at_s) WHERE expires_at_s IS NOT NULL;`,
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

export class GrantStoreObject extends DurableObject<Cloudflare.Env> implements GrantStore {
  readonly #tables: Tables
  readonly #sql: SqlStorage
  #lastRevision = 0

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, GRANT_STORE_MIGRATIONS)
    this.#sql = state.storage.sql
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
    const current = this.#live(key)
    if (options.ifRevision !== undefined && options.ifRevision !== (current?.revision ?? 0)) {
      return false
    }
    this.#tables.ensure()
    if (!current && !this.#hasRoom(Math.min(options.maxRows ?? Infinity, GRANT_ROWS_MAX))) {
      return false
    }
    this.#sql.exec(
      'INSERT OR REPLACE INTO item (key, value, revision, metadata, expires_at_s) VALUES (?, ?, ?, ?, ?)',
      key,
      value,
      this.#nextRevision(current?.revision ?? 0),
      JSON.stringify(options.metadata ?? null),
      options.expiresAtSeconds ?? null,
    )
    await this.#schedule()
    return true
  }

  async count(key: string, max: number, windowSeconds: number): Promise<boolean> {
    const current = this.#live(key)
    const counted = Number(current?.value ?? 0)
    if (counted >= max) return false
    const expiresAtSeconds = current?.expires_at_s ?? Math.ceil(nowSeconds()) + windowSeconds
    return this.put(key, String(counted + 1), { expiresAtSeconds })
  }

  async delete(key: string): Promise<boolean> {
    const existed = this.#live(key) !== undefined
    if (!this.#tables.ready) return existed
    this.#sql.exec('DELETE FROM item WHERE key = ?', key)
    await this.#schedule()
    return existed
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
    const { length } = this.#sql.exec('SELECT 1 FROM item LIMIT 1').toArray()
    await (length === 0 ? this.#tables.destroy() : this.#schedule())
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
        'SELECT MIN(expires_at_s) AS s, EXISTS (SELECT 1 FROM item) AS rows FROM item',
      )
      .one()
    const soonMs = Date.now() + SWEEP_INTERVAL_MS
    const dueMs = first.rows ? first.s && Math.max(first.s * 1000, soonMs) : soonMs
    const setMs = await this.ctx.storage.getAlarm()
    if (dueMs && (setMs === null || setMs > dueMs)) await this.ctx.storage.setAlarm(dueMs)
  }
}
