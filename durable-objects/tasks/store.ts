/**
 * What one task remembers. SQL alone: no clock, no sockets, no alarm, no calls.
 *
 * States: working ↔ input_required → completed | failed | cancelled, and these are
 * final; only the store moves them. `attempt_running` says that an attempt was
 * begun: a new incarnation that finds it set knows that the attempt is lost.
 */
import type { PrincipalRecord, TaskStart } from '#shared/contracts/tasks.ts'
import type { TaskStatus } from '#shared/protocol/revisions/2026-07-28/tasks.ts'
import type { Tables } from '../schema.ts'
import { TEXT_PART_MAX_CHARS } from './limits.ts'

export const TASK_MIGRATIONS = [
  `CREATE TABLE task (
     task_id TEXT PRIMARY KEY,
     tenant TEXT NOT NULL,
     subject TEXT NOT NULL,
     server TEXT NOT NULL,
     tool TEXT NOT NULL,
     scopes TEXT NOT NULL,
     restart TEXT NOT NULL,
     record TEXT NOT NULL,
     request_state TEXT,
     created_ms INTEGER NOT NULL,
     updated_ms INTEGER NOT NULL,
     ttl_ms INTEGER NOT NULL,
     due_ms INTEGER,
     status TEXT NOT NULL,
     status_message TEXT,
     progress TEXT,
     version INTEGER NOT NULL DEFAULT 1,
     round INTEGER NOT NULL DEFAULT 0,
     attempts INTEGER NOT NULL DEFAULT 0,
     attempt_running INTEGER NOT NULL DEFAULT 0,
     lost INTEGER NOT NULL DEFAULT 0,
     unavailable INTEGER NOT NULL DEFAULT 0
   ) WITHOUT ROWID;
   CREATE TABLE questions (
     key TEXT PRIMARY KEY,
     inner_key TEXT NOT NULL,
     request TEXT NOT NULL,
     response TEXT
   );
   CREATE TABLE texts (
     name TEXT NOT NULL,
     part INTEGER NOT NULL,
     text TEXT NOT NULL,
     PRIMARY KEY (name, part)
   ) WITHOUT ROWID;`,
]

export interface TaskRow {
  task_id: string
  /** Whose it is. */
  tenant: string
  subject: string
  server: string
  tool: string
  scopes: string
  restart: TaskStart['task']['restart']
  record: string
  request_state: string | null
  created_ms: number
  updated_ms: number
  ttl_ms: number
  /** When the next turn is due; null while none is (running, waiting, over). */
  due_ms: number | null
  status: TaskStatus
  status_message: string | null
  /** The last report, as JSON. */
  progress: string | null
  /** Goes up with every change that anybody sees. */
  version: number
  round: number
  /** Begun so far, in all rounds. */
  attempts: number
  attempt_running: number
  /** Attempts of this round that were lost. */
  lost: number
  /** Attempts of this round that found no server. */
  unavailable: number
  [column: string]: SqlStorageValue
}

/** One question of the open round: its key outside, and what the server calls it. */
export interface StoredQuestion {
  key: string
  inner_key: string
  request: string
  response: string | null
  [column: string]: SqlStorageValue
}

/** `params` of the call; the `answer` is the result of a completed task, the error of a failed one. */
type TextName = 'params' | 'answer'

export class TaskStore {
  readonly #tables: Tables
  readonly #sql: SqlStorage

  constructor(tables: Tables, sql: SqlStorage) {
    this.#tables = tables
    this.#sql = sql
  }

  read(): TaskRow | undefined {
    if (!this.#tables.ready) return undefined
    return this.#sql.exec<TaskRow>('SELECT * FROM task').toArray()[0]
  }

  create(taskId: string, start: TaskStart, paramsJson: string, nowMs: number): void {
    this.#tables.ensure()
    this.#sql.exec(
      `INSERT INTO task (task_id, server, tool, scopes, restart, record, request_state,
         created_ms, updated_ms, ttl_ms, due_ms, status, tenant, subject)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?8, 'working', ?10, ?11)`,
      taskId,
      start.server,
      start.tool,
      JSON.stringify(start.scopes),
      start.task.restart,
      JSON.stringify(start.record),
      start.requestState ?? null,
      nowMs,
      start.task.ttlMs,
      start.record.principal.tenant,
      start.record.principal.subject,
    )
    this.#writeText('params', paramsJson)
  }

  beginAttempt(): void {
    this.#sql.exec('UPDATE task SET attempts = attempts + 1, attempt_running = 1, due_ms = NULL')
  }

  /** @param dueMs when to try again */
  retry(kind: 'lost' | 'unavailable', dueMs: number): void {
    this.#sql.exec(
      `UPDATE task SET attempt_running = 0, due_ms = ?, ${kind} = ${kind} + 1 WHERE status = 'working'`,
      dueMs,
    )
  }

  report(progressJson: string, message: string, nowMs: number): void {
    this.#sql.exec(
      `UPDATE task SET progress = ?, status_message = ?, updated_ms = ?, version = version + 1
       WHERE status = 'working'`,
      progressJson,
      message,
      nowMs,
    )
  }

  /** Keys outside are unique over the task's life (SEP-2663): the round is part of them. */
  ask(requests: Record<string, string>, requestState: string | undefined, nowMs: number): void {
    const { rowsWritten } = this.#sql.exec(
      `UPDATE task SET status = 'input_required', status_message = NULL, request_state = ?,
         round = round + 1, attempt_running = 0, due_ms = NULL, updated_ms = ?, version = version + 1
       WHERE status = 'working'`,
      requestState ?? null,
      nowMs,
    )
    if (rowsWritten === 0) return
    const round = this.read()?.round
    this.#sql.exec('DELETE FROM questions')
    for (const [innerKey, request] of Object.entries(requests)) {
      this.#sql.exec(
        'INSERT INTO questions (key, inner_key, request) VALUES (?, ?, ?)',
        `${round}:${innerKey}`,
        innerKey,
        request,
      )
    }
  }

  /** The first answer to a question counts; keys that are not open mean nothing. */
  answer(responses: Record<string, string>, record: PrincipalRecord, nowMs: number): void {
    let answered = 0
    for (const [key, response] of Object.entries(responses)) {
      answered += this.#sql.exec(
        'UPDATE questions SET response = ? WHERE key = ? AND response IS NULL',
        response,
        key,
      ).rowsWritten
    }
    if (answered === 0) return
    const isComplete = this.questions().every(({ response }) => response !== null)
    this.#sql.exec(
      'UPDATE task SET record = ?, updated_ms = ?, version = version + 1',
      JSON.stringify(record),
      nowMs,
    )
    if (!isComplete) return
    this.#sql.exec(
      "UPDATE task SET status = 'working', due_ms = ?, lost = 0, unavailable = 0 WHERE status = 'input_required'",
      nowMs,
    )
  }

  /** @returns `false`: it was over before, and stays as it was */
  finish(
    status: 'completed' | 'failed' | 'cancelled',
    answerJson: string | undefined,
    message: string | undefined,
    nowMs: number,
  ): boolean {
    const { rowsWritten } = this.#sql.exec(
      `UPDATE task SET status = ?, status_message = ?, attempt_running = 0, due_ms = NULL,
         request_state = NULL, record = '{}', updated_ms = ?, version = version + 1
       WHERE status IN ('working', 'input_required')`,
      status,
      message ?? null,
      nowMs,
    )
    if (rowsWritten === 0) return false
    // Arguments and answers are not needed any longer; the result is, for a while.
    this.#sql.exec("DELETE FROM texts WHERE name = 'params'")
    this.#sql.exec('DELETE FROM questions')
    if (answerJson !== undefined) this.#writeText('answer', answerJson)
    return true
  }

  questions(): StoredQuestion[] {
    return this.#sql.exec<StoredQuestion>('SELECT * FROM questions ORDER BY rowid').toArray()
  }

  text(name: TextName): string {
    const parts = this.#sql.exec<{ text: string }>(
      'SELECT text FROM texts WHERE name = ? ORDER BY part',
      name,
    )
    return parts
      .toArray()
      .map(({ text }) => text)
      .join('')
  }

  #writeText(name: TextName, text: string): void {
    for (const [part, piece] of partsOf(text).entries()) {
      this.#sql.exec('INSERT INTO texts (name, part, text) VALUES (?, ?, ?)', name, part, piece)
    }
  }
}

/** Never cut within a character: SQLite holds no half of a surrogate pair. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + TEXT_PART_MAX_CHARS, text.length)
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    parts.push(text.slice(start, end))
    start = end
  }
  return parts
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
