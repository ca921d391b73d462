/**
 * API keys: what each may do, and a hash to know it by. One object for all: it is
 * asked once per key, isolate and five minutes (API_KEY_VERDICT_SECONDS of the
 * oauth Worker), and an operator wants one list.
 *
 * Does NOT tell isolates that a key was revoked: the control feed does.
 */
import { DurableObject } from 'cloudflare:workers'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type {
  ApiKey,
  ApiKeyFailure,
  ApiKeyRow,
  ApiKeys,
  NewApiKey,
} from '#shared/contracts/entrypoints.ts'
import type { Restored } from '#shared/contracts/identity.ts'
import {
  API_KEY_ENDED_TOMBSTONE_SECONDS,
  API_KEY_ENDED_KEPT_SECONDS,
  API_KEY_USED_PRECISION_SECONDS,
  API_KEYS_MAX,
} from '../limits.ts'
import { Tables } from '../schema.ts'

export const API_KEYS_MIGRATIONS = [
  `CREATE TABLE key (
     id TEXT PRIMARY KEY,
     hash TEXT NOT NULL,
     name TEXT NOT NULL,
     tenant TEXT NOT NULL,
     subject TEXT NOT NULL,
     scopes TEXT NOT NULL,
     servers TEXT NOT NULL,
     created_at_s INTEGER NOT NULL,
     expires_at_s INTEGER NOT NULL,
     used_at_s INTEGER,
     revoked_at_s INTEGER,
     rotated_to TEXT
   ) WITHOUT ROWID;`,

  // Keys that ended and are shown no longer: a restored backup must not bring them back.
  `CREATE TABLE ended (
     id TEXT PRIMARY KEY,
     until_s INTEGER NOT NULL
   ) WITHOUT ROWID;`,
]

type Row = {
  id: string
  hash: string
  name: string
  tenant: string
  subject: string
  scopes: string
  servers: string
  created_at_s: number
  expires_at_s: number
  used_at_s: number | null
  revoked_at_s: number | null
  rotated_to: string | null
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export class ApiKeysObject extends DurableObject<Cloudflare.Env> implements ApiKeys {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, API_KEYS_MIGRATIONS)
    this.#sql = state.storage.sql
  }

  create(key: NewApiKey): Result<ApiKey, ApiKeyFailure> {
    this.#tables.ensure()
    this.#forgetEnded()
    const { rows } = this.#sql.exec<{ rows: number }>('SELECT COUNT(*) AS rows FROM key').one()
    if (rows >= API_KEYS_MAX) return fail({ reason: 'too_many' })
    const createdAt = nowSeconds()
    const inserted = this.#sql
      .exec(
        `INSERT OR IGNORE INTO key (id, hash, name, tenant, subject, scopes, servers, created_at_s, expires_at_s)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1`,
        key.id,
        key.hash,
        key.name,
        key.tenant,
        key.subject,
        JSON.stringify(key.scopes),
        JSON.stringify(key.servers),
        createdAt,
        createdAt + key.lifetimeSeconds,
      )
      .toArray()
    return inserted.length === 1 ? this.#known(key.id) : fail({ reason: 'exists' })
  }

  verify(id: string, hash: string): ApiKey | null {
    const row = this.#row(id)
    const now = nowSeconds()
    // Digests of 190 random bits: how long a comparison takes says nothing of use.
    if (!row || row.hash !== hash || row.revoked_at_s !== null || row.expires_at_s <= now)
      return null
    if (now - (row.used_at_s ?? 0) >= API_KEY_USED_PRECISION_SECONDS) {
      this.#sql.exec('UPDATE key SET used_at_s = ? WHERE id = ?', now, id)
    }
    return keyOf(row)
  }

  list(): ApiKey[] {
    if (!this.#tables.ready) return []
    this.#forgetEnded()
    return this.#sql.exec<Row>('SELECT * FROM key ORDER BY created_at_s, id').toArray().map(keyOf)
  }

  rotate(
    id: string,
    { id: newId, hash }: Pick<NewApiKey, 'id' | 'hash'>,
    overlapSeconds: number,
  ): Result<ApiKey, ApiKeyFailure> {
    const row = this.#row(id)
    if (!row) return fail({ reason: 'unknown' })
    const now = nowSeconds()
    if (row.revoked_at_s !== null || row.expires_at_s <= now) return fail({ reason: 'revoked' })
    const { name, tenant, subject, scopes, servers } = keyOf(row)
    const lifetimeSeconds = row.expires_at_s - row.created_at_s
    const successor = { id: newId, hash, name, tenant, subject, scopes, servers, lifetimeSeconds }
    const made = this.create(successor)
    if (!made.ok) return made
    const endsAt = Math.min(row.expires_at_s, now + overlapSeconds)
    const sql = 'UPDATE key SET expires_at_s = ?, rotated_to = ? WHERE id = ?'
    this.#sql.exec(sql, endsAt, newId, id)
    return made
  }

  revoke(id: string): Result<ApiKey, ApiKeyFailure> {
    if (!this.#row(id)) return fail({ reason: 'unknown' })
    const sql = 'UPDATE key SET revoked_at_s = COALESCE(revoked_at_s, ?) WHERE id = ?'
    this.#sql.exec(sql, nowSeconds(), id)
    return this.#known(id)
  }

  backUp(after: string, limit: number): ApiKeyRow[] {
    if (!this.#tables.ready) return []
    this.#forgetEnded()
    const sql = 'SELECT * FROM key WHERE id > ? ORDER BY id LIMIT ?'
    const rows = this.#sql.exec<Row>(sql, after, limit).toArray()
    return rows.map((row) => ({ ...keyOf(row), hash: row.hash }))
  }

  /** Of a key that is here, too, the earlier end counts. */
  restore(rows: readonly ApiKeyRow[]): Restored {
    this.#tables.ensure()
    this.#forgetEnded()
    const written = rows.filter((key) => !this.#isEnded(key.id) && this.#merge(key)).length
    return { written, kept: rows.length - written }
  }

  /** @returns whether anything is other than before */
  #merge(key: ApiKeyRow): boolean {
    const sql = `INSERT INTO key (id, hash, name, tenant, subject, scopes, servers, created_at_s,
         expires_at_s, used_at_s, revoked_at_s, rotated_to)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         expires_at_s = MIN(expires_at_s, excluded.expires_at_s),
         revoked_at_s = COALESCE(revoked_at_s, excluded.revoked_at_s),
         rotated_to = COALESCE(rotated_to, excluded.rotated_to)
       WHERE hash = excluded.hash AND (expires_at_s > excluded.expires_at_s
         OR (revoked_at_s IS NULL AND excluded.revoked_at_s IS NOT NULL))
       RETURNING 1`
    const written = this.#sql.exec(
      sql,
      key.id,
      key.hash,
      key.name,
      key.tenant,
      key.subject,
      JSON.stringify(key.scopes),
      JSON.stringify(key.servers),
      key.createdAtSeconds,
      key.expiresAtSeconds,
      key.lastUsedAtSeconds ?? null,
      key.revokedAtSeconds ?? null,
      key.rotatedTo ?? null,
    )
    return written.toArray().length > 0
  }

  #isEnded(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM ended WHERE id = ?', id).toArray().length > 0
  }

  #row(id: string): Row | undefined {
    if (!this.#tables.ready) return undefined
    return this.#sql.exec<Row>('SELECT * FROM key WHERE id = ?', id).toArray()[0]
  }

  #known(id: string): Result<ApiKey, ApiKeyFailure> {
    const row = this.#row(id)
    return row ? ok(keyOf(row)) : fail({ reason: 'unknown' })
  }

  /** Shown for a while, so that an operator sees what ended; bounded, so that it ends. */
  #forgetEnded(): void {
    const now = nowSeconds()
    const before = now - API_KEY_ENDED_KEPT_SECONDS
    // As a backup may know it, it lives as long as a key can at most.
    this.#sql.exec(
      `INSERT OR IGNORE INTO ended SELECT id, created_at_s + ?2 FROM key
       WHERE (expires_at_s < ?1 OR revoked_at_s < ?1) AND created_at_s + ?2 > ?3`,
      before,
      API_KEY_ENDED_TOMBSTONE_SECONDS,
      now,
    )
    this.#sql.exec('DELETE FROM key WHERE expires_at_s < ?1 OR revoked_at_s < ?1', before)
    this.#sql.exec('DELETE FROM ended WHERE until_s <= ?', now)
  }
}

const keyOf = (row: Row): ApiKey => ({
  id: row.id,
  name: row.name,
  tenant: row.tenant,
  subject: row.subject,
  scopes: JSON.parse(row.scopes) as string[],
  servers: JSON.parse(row.servers) as string[],
  createdAtSeconds: row.created_at_s,
  expiresAtSeconds: row.expires_at_s,
  ...(row.used_at_s === null ? {} : { lastUsedAtSeconds: row.used_at_s }),
  ...(row.revoked_at_s === null ? {} : { revokedAtSeconds: row.revoked_at_s }),
  ...(row.rotated_to === null ? {} : { rotatedTo: row.rotated_to }),
})
