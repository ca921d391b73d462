/**
 * The streams of one session: what was said on each, numbered from 1, for a client
 * that comes back with the number of the last event it had. SQL alone.
 */
import { RUN_NOTIFICATIONS_MAX_BYTES } from '#shared/contracts/session-limits.ts'
import type { SessionEvent, SessionFrame } from '#shared/contracts/entrypoints.ts'
import type { Tables } from '../schema.ts'

const encoder = new TextEncoder()

export class SessionFrames {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(tables: Tables, sql: SqlStorage) {
    this.#tables = tables
    this.#sql = sql
  }

  append(runId: string, event: SessionEvent, done: boolean): void {
    this.#sql.exec(
      `INSERT INTO frames (run_id, seq, event, done)
       SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3 FROM frames WHERE run_id = ?1`,
      runId,
      event,
      done ? 1 : 0,
    )
  }

  /** A run that reports without end must not fill the object: past its share, reports are dropped. */
  appendNotification(runId: string, event: SessionEvent): void {
    const { rowsWritten } = this.#sql.exec(
      'UPDATE runs SET notification_bytes = notification_bytes + ?1 WHERE run_id = ?2 AND notification_bytes + ?1 <= ?3',
      encoder.encode(event).byteLength,
      runId,
      RUN_NOTIFICATIONS_MAX_BYTES,
    )
    if (rowsWritten > 0) this.append(runId, event, false)
  }

  /** What was said before the run was stored, under the numbers the client saw. */
  restore(runId: string, frames: readonly SessionFrame[]): void {
    for (const { seq, event, done } of frames) {
      this.#sql.exec(
        'INSERT OR IGNORE INTO frames (run_id, seq, event, done) VALUES (?, ?, ?, ?)',
        runId,
        seq,
        event,
        done ? 1 : 0,
      )
    }
  }

  /** The run's events after `seq`, oldest first. */
  *after(runId: string, seq: number): Generator<SessionFrame> {
    if (!this.#tables.ready) return
    const rows = this.#sql.exec<{ seq: number; event: string; done: number }>(
      'SELECT seq, event, done FROM frames WHERE run_id = ? AND seq > ? ORDER BY seq',
      runId,
      seq,
    )
    for (const row of rows) yield { seq: row.seq, event: row.event, done: row.done === 1 }
  }
}
