/**
 * What one session remembers: runs that wait for the client or outlive its stream,
 * and their open questions; their events are in `frames.ts`. SQL alone: no
 * clock, no sockets, no alarm.
 *
 * A run is `asked` (waits for the client), `claimed` (one invocation goes on with
 * it) or `done`; only the store moves it, so no two invocations hold one run.
 */
import { OPEN_RUNS_MAX, STORED_RUNS_MAX } from '#shared/contracts/session-limits.ts'
import type {
  AnswerOutcome,
  AskOutcome,
  ClientAnswer,
  KeptRun,
  OpenRound,
  PendingCall,
  SessionEvent,
} from '#shared/contracts/entrypoints.ts'
import type { Tables } from '../schema.ts'
import type { SessionFrames } from './frames.ts'

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
  // Events are numbered within their stream, so that a client's Last-Event-ID names one.
  `CREATE TABLE frames (
     run_id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     event TEXT NOT NULL,
     done INTEGER NOT NULL,
     PRIMARY KEY (run_id, seq)
   ) WITHOUT ROWID;
   INSERT INTO frames SELECT run_id, seq, event, done FROM events;
   DROP TABLE events;
   CREATE TABLE cancelled (request_id TEXT PRIMARY KEY, until_ms INTEGER NOT NULL);`,
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

export class SessionStore {
  readonly #tables: Tables
  readonly #sql: SqlStorage
  readonly #frames: SessionFrames

  constructor(tables: Tables, sql: SqlStorage, frames: SessionFrames) {
    this.#tables = tables
    this.#sql = sql
    this.#frames = frames
  }

  ask(round: OpenRound, deadlineMs: number): AskOutcome {
    this.#tables.ensure()
    const { runId, call, requestState, questions, events, shown = [] } = round
    const run = this.#run(runId)
    if (run && run.phase !== 'claimed') return 'gone'
    if (!run && !this.#hasRoom()) return 'too_many'
    this.#sql.exec(
      `INSERT INTO runs (run_id, phase, deadline_ms, call, request_state) VALUES (?1, 'asked', ?2, ?3, ?4)
       ON CONFLICT (run_id) DO UPDATE SET phase = 'asked', deadline_ms = ?2, call = ?3, request_state = ?4`,
      runId,
      deadlineMs,
      JSON.stringify(call),
      requestState ?? null,
    )
    for (const [questionId, key] of Object.entries(questions)) {
      this.#sql.exec(
        'INSERT INTO questions (question_id, run_id, input_key) VALUES (?, ?, ?)',
        questionId,
        runId,
        key,
      )
    }
    this.#frames.restore(runId, shown)
    for (const event of events) this.#frames.append(runId, event, false)
    return 'asked'
  }

  /** @param claimUntilMs as for {@link answer}; a run that has its answer is kept `keepUntilMs` */
  keep({ runId, call, frames }: KeptRun, claimUntilMs: number, keepUntilMs: number): boolean {
    this.#tables.ensure()
    // A question was opened meanwhile: all is here already.
    if (this.#run(runId)) return true
    if (!this.#hasRoom()) return false
    this.#sql.exec(
      "INSERT INTO runs (run_id, phase, deadline_ms, call) VALUES (?, 'claimed', ?, ?)",
      runId,
      claimUntilMs,
      JSON.stringify(call),
    )
    this.#frames.restore(runId, frames)
    if (frames.at(-1)?.done) this.#finish(runId, keepUntilMs)
    return true
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
      if (last) this.#frames.append(runId, event, true)
      else this.#frames.appendNotification(runId, event)
    }
    if (done) this.#finish(runId, keepUntilMs)
    return true
  }

  /** Ends a run whatever its phase, with the answer its client gets. */
  end(runId: string, events: readonly SessionEvent[], keepUntilMs: number): void {
    for (const [index, event] of events.entries()) {
      this.#frames.append(runId, event, index === events.length - 1)
    }
    this.#finish(runId, keepUntilMs)
  }

  forget(runId: string): void {
    for (const table of ['runs', 'questions', 'frames']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE run_id = ?`, runId)
    }
  }

  exists(runId: string): boolean {
    return this.#tables.ready && this.#run(runId) !== undefined
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
      .map((row) => this.#told(row))
  }

  /** Runs of one request of the client that have no answer yet. */
  unansweredOf(requestId: string | number): DueRun[] {
    if (!this.#tables.ready) return []
    return this.#sql
      .exec<RunRow>("SELECT * FROM runs WHERE phase <> 'done'")
      .toArray()
      .map((row) => this.#told(row))
      .filter(({ call }) => call.requestId === requestId)
  }

  #told({ run_id: runId, phase, call }: RunRow): DueRun {
    return {
      runId,
      phase,
      call: JSON.parse(call) as PendingCall,
      openQuestions: this.#openQuestions(runId),
    }
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

  /** Of runs that wait or work; finished ones make room, the oldest first. */
  #hasRoom(): boolean {
    const { open, all } = this.#sql
      .exec<{
        open: number
        all: number
      }>("SELECT count(*) AS 'all', count(*) FILTER (WHERE phase <> 'done') AS open FROM runs")
      .one()
    if (open >= OPEN_RUNS_MAX) return false
    if (all >= STORED_RUNS_MAX) {
      const oldest = this.#sql.exec<{ run_id: string }>(
        "SELECT run_id FROM runs WHERE phase = 'done' ORDER BY deadline_ms LIMIT 1",
      )
      this.forget(oldest.one().run_id)
    }
    return true
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
}
