/**
 * The memory of one 2025-era session. Exists only while a question to its user is
 * open, or events wait for a client that lost its stream; deletes itself by alarm.
 *
 * Does NOT check who calls: the object's name says whose session it is, and only
 * the router can name it. Never holds a client's stream and never calls a server.
 */
import { DurableObject } from 'cloudflare:workers'
import {
  CANCELLED_KEEP_MS,
  CLAIM_LIFETIME_MS,
  FINISHED_KEEP_MS,
  QUESTION_LIFETIME_MS,
} from '#shared/contracts/session-limits.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { INTERNAL_ERROR } from '#shared/protocol/errors.ts'
import {
  cancelledJson,
  errorAnswerJson,
  INTERRUPTED,
  toolErrorJson,
} from '#shared/protocol/revisions/2025-11-25/messages.ts'
import {
  NO_ANSWER,
  SESSION_ATTACH_PATH,
  SESSION_REPLACED_CODE,
  type AnswerOutcome,
  type AskOutcome,
  type ClientAnswer,
  type KeptRun,
  type OpenRound,
  type Session,
  type SessionEvent,
} from '#shared/contracts/entrypoints.ts'
import { closeSocket } from '../close-socket.ts'
import { Tables } from '../schema.ts'
import { CancelledRequests } from './cancelled.ts'
import { SessionFrames } from './frames.ts'
import { SESSION_MIGRATIONS, SessionStore, type DueRun } from './store.ts'

/** Survives hibernation with its socket. */
interface Attachment {
  runId: string
  /** The last event sent on it. */
  seq: number
}

const NORMAL_CLOSURE = 1000

export class SessionObject extends DurableObject<Cloudflare.Env> implements Session {
  readonly #tables: Tables
  readonly #frames: SessionFrames
  readonly #store: SessionStore
  readonly #cancelled: CancelledRequests

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, SESSION_MIGRATIONS)
    const { sql } = state.storage
    this.#frames = new SessionFrames(this.#tables, sql)
    this.#store = new SessionStore(this.#tables, sql, this.#frames)
    this.#cancelled = new CancelledRequests(this.#tables, sql)
  }

  // The methods answer at once: SQL is synchronous, and the runtime holds an
  // answer back until what it wrote, alarm included, is on disk.

  ask(round: OpenRound): AskOutcome {
    const outcome = this.#atomically(() =>
      this.#store.ask(round, Date.now() + QUESTION_LIFETIME_MS),
    )
    this.#schedule()
    this.#flush(round.runId)
    return outcome
  }

  answer(questionId: string, answer: ClientAnswer): AnswerOutcome {
    const nowMs = Date.now()
    const outcome = this.#atomically(() =>
      this.#store.answer(questionId, answer, nowMs, nowMs + CLAIM_LIFETIME_MS),
    )
    this.#schedule()
    return outcome
  }

  emit(runId: string, events: SessionEvent[], done: boolean): boolean {
    const wanted = this.#atomically(() =>
      this.#store.emit(runId, events, done, Date.now() + FINISHED_KEEP_MS),
    )
    if (done) this.#schedule()
    this.#flush(runId)
    return wanted
  }

  keep(run: KeptRun): boolean {
    const nowMs = Date.now()
    const kept = this.#atomically(() =>
      this.#store.keep(run, nowMs + CLAIM_LIFETIME_MS, nowMs + FINISHED_KEEP_MS),
    )
    this.#schedule()
    this.#flush(run.runId)
    return kept
  }

  cancel(requestId: string | number): void {
    const nowMs = Date.now()
    const runs = this.#store.unansweredOf(requestId)
    this.#atomically(() => {
      for (const { runId, openQuestions } of runs) {
        const withdrawn = openQuestions.map((id) => cancelledJson(id, 'The call was cancelled'))
        this.#store.end(runId, [...withdrawn, NO_ANSWER], nowMs + FINISHED_KEEP_MS)
      }
      if (runs.length === 0) this.#cancelled.add(requestId, nowMs + CANCELLED_KEEP_MS)
    })
    this.#schedule()
    for (const { runId } of runs) this.#flush(runId)
  }

  isCancelled(requestId: string | number): boolean {
    return this.#cancelled.has(requestId, Date.now())
  }

  /** Attaches the holder of a run's stream (see `SESSION_ATTACH_PATH`). */
  override fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url)
    const runId = pathname.slice(SESSION_ATTACH_PATH.length)
    const seq = Number(searchParams.get('after') ?? 0)
    if (!pathname.startsWith(SESSION_ATTACH_PATH) || !this.#store.exists(runId)) {
      return new Response(null, { status: 404 })
    }
    if (request.headers.get('Upgrade') !== 'websocket' || !Number.isSafeInteger(seq)) {
      return new Response(null, { status: 426 })
    }
    // One event on one stream only: the newest holder has it.
    for (const older of this.ctx.getWebSockets(runId)) closeSocket(older, SESSION_REPLACED_CODE)
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server, [runId])
    this.#send(server, { runId, seq })
    return new Response(null, { status: 101, webSocket: client })
  }

  /** Never throws: the runtime gives up on an alarm that fails too often, and the object would stay. */
  override async alarm(): Promise<void> {
    try {
      this.#cancelled.sweep(Date.now())
      for (const run of this.#store.due(Date.now())) this.#settle(run)
      if (this.#nextDeadlineMs() === undefined) await this.#tables.destroy()
      else this.#schedule()
    } catch (error) {
      logUnexpected('session_alarm_failed', error)
      await this.ctx.storage.setAlarm(Date.now() + CLAIM_LIFETIME_MS)
    }
  }

  #settle({ runId, phase, call, openQuestions }: DueRun): void {
    if (phase === 'done') {
      this.#store.forget(runId)
      for (const socket of this.ctx.getWebSockets(runId)) closeSocket(socket, NORMAL_CLOSURE)
      return
    }
    const withdrawn = openQuestions.map((id) => cancelledJson(id, 'The question expired'))
    const final =
      phase === 'asked'
        ? toolErrorJson(call.requestId, 'The question expired before it was answered')
        : errorAnswerJson(call.requestId, { code: INTERNAL_ERROR, message: INTERRUPTED })
    this.#atomically(() => {
      this.#store.end(runId, [...withdrawn, final], Date.now() + FINISHED_KEEP_MS)
    })
    this.#flush(runId)
  }

  #schedule(): void {
    const nextMs = this.#nextDeadlineMs()
    if (nextMs !== undefined) void this.ctx.storage.setAlarm(nextMs)
  }

  #nextDeadlineMs(): number | undefined {
    const deadlines = [this.#store.nextDeadlineMs(), this.#cancelled.nextDeadlineMs()]
    const due = Math.min(...deadlines.filter((deadline) => deadline !== undefined))
    return Number.isFinite(due) ? due : undefined
  }

  #atomically<Value>(change: () => Value): Value {
    return this.ctx.storage.transactionSync(change)
  }

  #flush(runId: string): void {
    for (const socket of this.ctx.getWebSockets(runId)) {
      this.#send(socket, socket.deserializeAttachment() as Attachment)
    }
  }

  /** Sends what this socket has not had yet. A socket that is closing gets it when it attaches again. */
  #send(socket: WebSocket, { runId, seq }: Attachment): void {
    let sent = seq
    try {
      for (const frame of this.#frames.after(runId, seq)) {
        socket.send(JSON.stringify(frame))
        sent = frame.seq
      }
      socket.serializeAttachment({ runId, seq: sent } satisfies Attachment)
    } catch {
      closeSocket(socket, NORMAL_CLOSURE)
    }
  }
}
