/**
 * Which DPoP proofs of one key were used (RFC 9449 §11.1). The row is on disk
 * before the answer leaves (output gate), so an eviction forgets nothing.
 *
 * Does NOT look at proofs: whoever asks has verified them.
 */
import { DurableObject } from 'cloudflare:workers'
import { JTI_KEPT_SECONDS } from '#shared/identity/dpop-limits.ts'
import type { Replay } from '#shared/contracts/entrypoints.ts'
import { REPLAY_NAME_MAX_CHARS, REPLAY_ROWS_MAX, SWEEP_INTERVAL_MS } from '../limits.ts'
import { Tables } from '../schema.ts'

export const REPLAY_MIGRATIONS = [
  `CREATE TABLE used (
     proof TEXT PRIMARY KEY,
     expires_at_s INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX used_expiry ON used (expires_at_s);`,
]

export class ReplayObject extends DurableObject<Cloudflare.Env> implements Replay {
  readonly #tables: Tables
  readonly #sql: SqlStorage
  /** Rows there may be at most: counted at the start and by each sweep, then only added up. */
  #rows = 0

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, REPLAY_MIGRATIONS)
    this.#sql = state.storage.sql
    if (this.#tables.ready) this.#count()
  }

  /** Also `false` when one key is used more than anybody needs. @throws RangeError for a name that is no digest */
  async claim(proof: string): Promise<boolean> {
    if (proof.length > REPLAY_NAME_MAX_CHARS) throw new RangeError('Not the name of a proof')
    if (this.#rows >= REPLAY_ROWS_MAX) return false
    this.#tables.ensure()
    const expiresAtSeconds = Math.ceil(Date.now() / 1000) + JTI_KEPT_SECONDS
    const sql = 'INSERT OR IGNORE INTO used (proof, expires_at_s) VALUES (?, ?) RETURNING 1'
    const isNew = this.#sql.exec(sql, proof, expiresAtSeconds).toArray().length === 1
    if (!isNew) return false
    this.#rows += 1
    if (this.#rows === 1) await this.ctx.storage.setAlarm(expiresAtSeconds * 1000)
    return true
  }

  override async alarm(): Promise<void> {
    if (!this.#tables.ready) return
    const nowMs = Date.now()
    this.#sql.exec('DELETE FROM used WHERE expires_at_s <= ?', nowMs / 1000)
    this.#count()
    if (this.#rows === 0) return this.#tables.destroy()
    const sql = 'SELECT MIN(expires_at_s) AS s FROM used'
    const firstMs = this.#sql.exec<{ s: number }>(sql).one().s * 1000
    await this.ctx.storage.setAlarm(Math.max(firstMs, nowMs + SWEEP_INTERVAL_MS))
  }

  #count(): void {
    this.#rows = this.#sql.exec<{ rows: number }>('SELECT COUNT(*) AS rows FROM used').one().rows
  }
}
