/**
 * What one session remembers while questions are open: runs, their open questions
 * and the events of their streams. SQL alone: no clock, no sockets, no alarm.
 *
 * A run is `asked` (waits for the client), `claimed` (one invocation goes on with
 * it) or `done`; only the store moves it, so no two invocations hold one run.
 */
import { OPEN_RUNS_MAX, RUN_NOTIFICATIONS_MAX_BYTES } from '#shared/bridge/limits.ts'
import type {
  AnswerOutcome,
  AskOutcome,
  ClientAnswer,
  OpenRound,
  PendingCall,
  SessionEvent,
  SessionFrame,
} from '#shared/rpc.ts'
import type { Tables } from './schema.ts'

export const SESSION_MIGRATIONS = [
  `CREATE TABLE runs (
     run_id TEXT PRIMARY KEY,
     phase TEXT NOT NULL,
     deadline_ms INTEGER NOT NULL,
     call TEXT NOT NULL,
     request_state TEXT,
     notification_bytes INTEGER NOT NULL DEFAULT 0
   );
   CREATE INDEX runs_deadline ON runs (deadline_ms);
   CREATE TABLE questions (
     question_id TEXT PRIMARY KEY,
     run_id TEXT NOT NULL,
     input_key TEXT NOT NULL,
     result TEXT
   );
   CREATE INDEX questions_run ON questions (run_id);
   CREATE TABLE events (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     run_id TEXT NOT NULL,
     event TEXT NOT NULL,
     done INTEGER NOT NULL
   );
   CREATE INDEX events_run ON events (run_id, seq);`,
]

type Phase = 'asked' | 'claimed' | 'done'

interface RunRow {
  run_id: string
  phase: Phase
  deadline_ms: number
  call: string
  request_state: string | null
  notification_bytes: number
  [column: string]: SqlStorageValue
}

export interface DueRun {
  runId: string
  phase: Phase
  call: PendingCall
  openQuestions: string[]
}

const encoder = new TextEncoder()

export class SessionStore {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(tables: Tables, sql: SqlStorage) {
    this.#tables = tables
    this.#sql = sql
  }

  ask(round: OpenRound, deadlineMs: number): AskOutcome {
    this.#tables.ensure()
    const { runId, call, requestState, questions, events } = round
    const run = this.#run(runId)
    if (run && run.phase !== 'claimed') return 'gone'
    if (run) {
      this.#sql.exec(
        "UPDATE runs SET phase = 'asked', deadline_ms = ?, request_state = ? WHERE run_id = ?",
        deadlineMs,
        requestState ?? null,
        runId,
      )
    } else {
      if (this.#openRuns() >= OPEN_RUNS_MAX) return 'too_many'
      this.#sql.exec(
        "INSERT INTO runs (run_id, phase, deadline_ms, call, request_state) VALUES (?, 'asked', ?, ?, ?)",
        runId,
        deadlineMs,
        JSON.stringify(call),
        requestState ?? null,
      )
    }
    for (const [questionId, key] of Object.entries(questions)) {
      this.#sql.exec(
        'INSERT INTO questions (question_id, run_id, input_key) VALUES (?, ?, ?)',
        questionId,
        runId,
        key,
      )
    }
    for (const event of events) this.#insertEvent(runId, event, false)
    return 'asked'
  }

  /** @param claimUntilMs when a claim that shows no result counts as lost */
  answer(
    questionId: string,
    answer: ClientAnswer,
    nowMs: number,
    claimUntilMs: number,
  ): AnswerOutcome {
    if (!this.#tables.ready) return { status: 'unknown' }
    const [question] = this.#sql
      .exec<{ run_id: string }>(
        'SELECT run_id FROM questions WHERE question_id = ? AND result IS NULL',
        questionId,
      )
      .toArray()
    const run = question && this.#run(question.run_id)
    if (!run || run.phase !== 'asked' || run.deadline_ms <= nowMs) return { status: 'unknown' }
    if ('error' in answer) return this.#fail(run, questionId, answer.error.message, claimUntilMs)
    this.#sql.exec(
      'UPDATE questions SET result = ? WHERE question_id = ?',
      JSON.stringify(answer.result),
      questionId,
    )
    if (this.#openQuestions(run.run_id).length > 0) return { status: 'waiting' }
    const inputResponses = this.#results(run.run_id)
    this.#claim(run.run_id, claimUntilMs)
    return {
      status: 'claimed',
      runId: run.run_id,
      call: JSON.parse(run.call) as PendingCall,
      requestState: run.request_state ?? undefined,
      inputResponses,
    }
  }

  /** @returns `false` unless the run is claimed: what nobody may continue, nobody may tell of */
  emit(
    runId: string,
    events: readonly SessionEvent[],
    done: boolean,
    keepUntilMs: number,
  ): boolean {
    if (!this.#tables.ready || this.#run(runId)?.phase !== 'claimed') return false
    for (const [index, event] of events.entries()) {
      const last = done && index === events.length - 1
      if (last || this.#takesNotification(runId, event)) this.#insertEvent(runId, event, last)
    }
    if (done) this.#finish(runId, keepUntilMs)
    return true
  }

  /** Ends a run whatever its phase, with the answer its client gets. */
  end(runId: string, events: readonly SessionEvent[], keepUntilMs: number): void {
    for (const [index, event] of events.entries()) {
      this.#insertEvent(runId, event, index === events.length - 1)
    }
    this.#finish(runId, keepUntilMs)
  }

  forget(runId: string): void {
    for (const table of ['runs', 'questions', 'events']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE run_id = ?`, runId)
    }
  }

  exists(runId: string): boolean {
    return this.#tables.ready && this.#run(runId) !== undefined
  }

  /** The run's events after `seq`, oldest first. */
  *framesAfter(runId: string, seq: number): Generator<SessionFrame> {
    if (!this.#tables.ready) return
    const rows = this.#sql.exec<{ seq: number; event: string; done: number }>(
      'SELECT seq, event, done FROM events WHERE run_id = ? AND seq > ? ORDER BY seq',
      runId,
      seq,
    )
    for (const row of rows) yield { seq: row.seq, event: row.event, done: row.done === 1 }
  }

  /** When the next run is due; `undefined` when there is none. */
  nextDeadlineMs(): number | undefined {
    if (!this.#tables.ready) return undefined
    const { due } = this.#sql
      .exec<{ due: number | null }>('SELECT min(deadline_ms) AS due FROM runs')
      .one()
    return due ?? undefined
  }

  due(nowMs: number): DueRun[] {
    if (!this.#tables.ready) return []
    return this.#sql
      .exec<RunRow>('SELECT * FROM runs WHERE deadline_ms <= ?', nowMs)
      .toArray()
      .map(({ run_id: runId, phase, call }) => ({
        runId,
        phase,
        call: JSON.parse(call) as PendingCall,
        openQuestions: this.#openQuestions(runId),
      }))
  }

  #fail(run: RunRow, questionId: string, message: string, claimUntilMs: number): AnswerOutcome {
    const withdrawn = this.#openQuestions(run.run_id).filter((id) => id !== questionId)
    this.#claim(run.run_id, claimUntilMs)
    const call = JSON.parse(run.call) as PendingCall
    return { status: 'failed', runId: run.run_id, call, message, withdrawn }
  }

  #claim(runId: string, claimUntilMs: number): void {
    this.#sql.exec('DELETE FROM questions WHERE run_id = ?', runId)
    this.#sql.exec(
      "UPDATE runs SET phase = 'claimed', deadline_ms = ? WHERE run_id = ?",
      claimUntilMs,
      runId,
    )
  }

  #finish(runId: string, keepUntilMs: number): void {
    this.#sql.exec('DELETE FROM questions WHERE run_id = ?', runId)
    // Arguments and state are not needed any longer; the events are, for a while.
    this.#sql.exec(
      "UPDATE runs SET phase = 'done', deadline_ms = ?, call = '{}', request_state = NULL WHERE run_id = ?",
      keepUntilMs,
      runId,
    )
  }

  #run(runId: string): RunRow | undefined {
    return this.#sql.exec<RunRow>('SELECT * FROM runs WHERE run_id = ?', runId).toArray()[0]
  }

  #openRuns(): number {
    return this.#sql
      .exec<{ runs: number }>("SELECT count(*) AS runs FROM runs WHERE phase <> 'done'")
      .one().runs
  }

  #openQuestions(runId: string): string[] {
    return this.#sql
      .exec<{ question_id: string }>(
        'SELECT question_id FROM questions WHERE run_id = ? AND result IS NULL',
        runId,
      )
      .toArray()
      .map((row) => row.question_id)
  }

  #results(runId: string): Record<string, unknown> {
    const rows = this.#sql.exec<{ input_key: string; result: string }>(
      'SELECT input_key, result FROM questions WHERE run_id = ?',
      runId,
    )
    // A key is the server's own word; `__proto__` must stay a key.
    return Object.fromEntries(
      rows.toArray().map((row) => [row.input_key, JSON.parse(row.result) as unknown]),
    )
  }

  #insertEvent(runId: string, event: SessionEvent, done: boolean): void {
    this.#sql.exec(
      'INSERT INTO events (run_id, event, done) VALUES (?, ?, ?)',
      runId,
      event,
      done ? 1 : 0,
    )
  }

  /** A run that reports without end must not fill the object: past its share, reports are dropped. */
  #takesNotification(runId: string, event: SessionEvent): boolean {
    const bytes = encoder.encode(event).byteLength
    const { rowsWritten } = this.#sql.exec(
      'UPDATE runs SET notification_bytes = notification_bytes + ?1 WHERE run_id = ?2 AND notification_bytes + ?1 <= ?3',
      bytes,
      runId,
      RUN_NOTIFICATIONS_MAX_BYTES,
    )
    return rowsWritten > 0
  }
}
