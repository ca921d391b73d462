/**
 * Requests a client cancelled that this session holds no run of: some isolate runs
 * them, and asks at its next keep-alive. SQL alone.
 */
import { CANCELLED_ID_MAX_CHARS, CANCELLED_MAX } from '#shared/contracts/session-limits.ts'
import type { Tables } from '../schema.ts'

export class CancelledRequests {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(tables: Tables, sql: SqlStorage) {
    this.#tables = tables
    this.#sql = sql
  }

  /** The oldest make room: they were asked for, or never will be. */
  add(requestId: string | number, untilMs: number): void {
    const key = keyOf(requestId)
    if (key.length > CANCELLED_ID_MAX_CHARS) return
    this.#tables.ensure()
    this.#sql.exec(
      'INSERT OR REPLACE INTO cancelled (request_id, until_ms) VALUES (?, ?)',
      key,
      untilMs,
    )
    this.#sql.exec(
      `DELETE FROM cancelled WHERE request_id NOT IN
       (SELECT request_id FROM cancelled ORDER BY until_ms DESC LIMIT ?)`,
      CANCELLED_MAX,
    )
  }

  has(requestId: string | number, nowMs: number): boolean {
    if (!this.#tables.ready) return false
    const found = this.#sql.exec(
      'SELECT 1 FROM cancelled WHERE request_id = ? AND until_ms > ?',
      keyOf(requestId),
      nowMs,
    )
    return found.toArray().length > 0
  }

  sweep(nowMs: number): void {
    if (this.#tables.ready) this.#sql.exec('DELETE FROM cancelled WHERE until_ms <= ?', nowMs)
  }

  /** When the next one is forgotten. */
  nextDeadlineMs(): number | undefined {
    if (!this.#tables.ready) return undefined
    const { due } = this.#sql
      .exec<{ due: number | null }>('SELECT min(until_ms) AS due FROM cancelled')
      .one()
    return due ?? undefined
  }
}

/** `1` and `"1"` are two requests (JSON-RPC 2.0 §4). */
const keyOf = (requestId: string | number): string => JSON.stringify(requestId)
