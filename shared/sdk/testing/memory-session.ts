/**
 * The Session object's contract (`../../contracts/sessions.ts`) in memory, for tests of authors:
 * rounds, answers and the stream's events of one process. Does NOT expire, bound
 * or survive anything; the real one is `durable-objects/sessions/session.ts`.
 */
import type { ObjectStub } from '../../gateway/ports.ts'
import { MemorySocket } from './memory-socket.ts'
import {
  NO_ANSWER,
  SESSION_ATTACH_PATH,
  type AnswerOutcome,
  type AskOutcome,
  type ClientAnswer,
  type KeptRun,
  type OpenRound,
  type Session,
  type SessionEvent,
  type SessionFrame,
} from '../../contracts/entrypoints.ts'

interface OpenQuestion {
  readonly key: string
  result?: Record<string, unknown>
}

interface StoredRun {
  round: OpenRound
  readonly questions: Map<string, OpenQuestion>
  readonly frames: SessionFrame[]
  socket: MemorySocket | undefined
}

/** One Session behind every name: a test has one client. */
export function memorySessions(): (name: string) => ObjectStub<Session> {
  const session = new MemorySession() as unknown as ObjectStub<Session>
  return () => session
}

class MemorySession implements Session {
  readonly #runs = new Map<string, StoredRun>()

  ask(round: OpenRound): AskOutcome {
    const run: StoredRun = this.#runs.get(round.runId) ?? {
      round,
      questions: new Map(),
      frames: [...(round.shown ?? [])],
      socket: undefined,
    }
    this.#runs.set(round.runId, run)
    run.round = round
    run.questions.clear()
    for (const [id, key] of Object.entries(round.questions)) run.questions.set(id, { key })
    this.#push(run, round.events, false)
    return 'asked'
  }

  answer(questionId: string, answer: ClientAnswer): AnswerOutcome {
    const run = [...this.#runs.values()].find(({ questions }) => questions.has(questionId))
    const question = run?.questions.get(questionId)
    if (!run || !question) return { status: 'unknown' }
    const { runId, call, requestState } = run.round
    if ('error' in answer) {
      const withdrawn = [...run.questions.keys()].filter((id) => id !== questionId)
      return { status: 'failed', runId, call, message: answer.error.message, withdrawn }
    }
    question.result = answer.result
    const asked = [...run.questions.values()]
    if (asked.some(({ result }) => result === undefined)) return { status: 'waiting' }
    const inputResponses = Object.fromEntries(asked.map(({ key, result }) => [key, result]))
    return { status: 'claimed', runId, call, requestState, inputResponses }
  }

  emit(runId: string, events: SessionEvent[], done: boolean): boolean {
    const run = this.#runs.get(runId)
    if (run) this.#push(run, events, done)
    return run !== undefined
  }

  keep({ runId, call, frames }: KeptRun): boolean {
    const round = { runId, call, requestState: undefined, questions: {}, events: [] }
    this.#runs.set(runId, { round, questions: new Map(), frames, socket: undefined })
    return true
  }

  cancel(requestId: string | number): void {
    for (const run of this.#runs.values()) {
      if (run.round.call.requestId === requestId) this.#push(run, [NO_ANSWER], true)
    }
  }

  isCancelled(): boolean {
    return false
  }

  /** Attaches the holder of the run's stream; see {@link SESSION_ATTACH_PATH}. */
  fetch(url: string): Promise<Pick<Response, 'webSocket'>> {
    const { pathname, searchParams } = new URL(url)
    const after = Number(searchParams.get('after'))
    const run = this.#runs.get(pathname.slice(SESSION_ATTACH_PATH.length))
    if (!run) return Promise.resolve({ webSocket: null })
    run.socket = new MemorySocket(run.frames.filter(({ seq }) => seq > after))
    return Promise.resolve({ webSocket: run.socket as unknown as WebSocket })
  }

  #push(run: StoredRun, events: readonly SessionEvent[], done: boolean): void {
    for (const [index, event] of events.entries()) {
      const last = done && index === events.length - 1
      const frame = { seq: (run.frames.at(-1)?.seq ?? 0) + 1, event, done: last }
      run.frames.push(frame)
      run.socket?.deliver(frame)
    }
  }
}
