/**
 * One call of a 2025 client while this invocation answers it, and where what it
 * says goes: to the client's stream, or, once the client is gone, to the Session,
 * together with what the stream still remembers (DESIGN §4.5).
 */
import { logEvent } from '../../../lib/log.ts'
import type { PendingCall, SessionFrame } from '../../../contracts/entrypoints.ts'
import type { LegacyInput } from '../input.ts'
import { rememberEnded } from './just-ended.ts'
import { AFTER_DISCONNECT_MS, CANCEL_CHECK_MS } from '../limits.ts'
import { pace } from './pace.ts'
import { failureJson } from './pending-call.ts'
import { sessionStub } from './questions.ts'
import { enlist, type Cancellable } from './running.ts'
import type { LegacySession } from '../session-id.ts'
import { StoredRun } from './stored-run.ts'
import { StreamLog } from './stream-log.ts'
import { runIdOfTask } from './task-mark.ts'

const STOPPED = `The call went on for ${AFTER_DISCONNECT_MS / 1000} s after its client left, and was stopped`

/** Why `signal` aborted, where the client cancelled its call; else only nobody waits any longer. */
export const CANCELLED = new DOMException('The client cancelled the call', 'AbortError')

export class LiveRun implements Cancellable {
  readonly input: LegacyInput
  /** Without one nothing can be asked, resumed or cancelled: no other POST could name the call. */
  readonly session: LegacySession | undefined
  readonly pending: PendingCall
  log: StreamLog
  /** Aborted when the client's stream is gone, by its own doing or ours. */
  readonly gone = new AbortController()
  /** Resolves when the client cancelled the call. */
  readonly cancelled: Promise<void>
  readonly cancel: () => void
  readonly #ended = new AbortController()
  readonly #retire: () => void
  readonly #isDue = pace(CANCEL_CHECK_MS)
  /** The task that the call goes on as: it needs nobody's stream. */
  #taskId: string | undefined
  #stop: 'cancelled' | 'stopped' | undefined
  #stored: StoredRun | undefined
  #keeping: Promise<boolean> | undefined
  #isClosed = false
  #deadline: ReturnType<typeof setTimeout> | undefined

  constructor(input: LegacyInput, session: LegacySession | undefined, pending: PendingCall) {
    this.input = input
    this.session = session
    this.pending = pending
    this.log = new StreamLog(pending.requestId, session !== undefined && !input.inBatch)
    const cancelling = Promise.withResolvers<void>()
    this.cancel = cancelling.resolve
    // Resolved by another request, but what follows runs in this one's context.
    this.cancelled = cancelling.promise.then(() => this.#end('cancelled'))
    this.#retire = session ? enlist(input, session, pending.requestId, this) : () => undefined
    this.gone.signal.addEventListener('abort', () => this.#leave())
  }

  /** Nothing was said yet: from now on the stream's ids lead to the task. */
  becomeTask(taskId: string | undefined): void {
    if (taskId === undefined) return
    this.#taskId = taskId
    this.log = new StreamLog(this.pending.requestId, this.log.isResumable, runIdOfTask(taskId))
  }

  get isStored(): boolean {
    return this.#stored !== undefined
  }

  /** Ends the inner call. It does not follow the client's connection: in 2025 a disconnect is no cancel. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** A report. @returns SSE text for the client's stream; `''` when it went elsewhere */
  async notify(text: string): Promise<string> {
    if (!this.gone.signal.aborted) return this.log.add(text, false)
    if ((await this.#keeping) && !(await this.#stored?.notify(text))) this.#end('cancelled')
    return ''
  }

  /** The answer. @returns as {@link notify} */
  async answer(text: string): Promise<string> {
    if (this.#stop === 'cancelled') return ''
    if (!this.gone.signal.aborted) return this.log.add(text, true)
    if (await this.#keeping) await this.#stored?.end(text)
    return ''
  }

  /** The end of a run that was ended before its answer: nothing, to who cancelled it. */
  async giveUp(): Promise<string> {
    if (this.#taskId !== undefined && this.#stop !== 'stopped') return ''
    return this.answer(failureJson(this.pending, STOPPED))
  }

  /** Asks, now and then, whether the client cancelled the call at another isolate. */
  async checkCancelled(): Promise<void> {
    if (!this.session || !this.#isDue()) return
    try {
      const isOver = this.#stored
        ? (await this.#keeping) && !(await this.#stored.isWanted())
        : await sessionStub(this.input, this.session).isCancelled(this.pending.requestId)
      if (isOver) this.#end('cancelled')
    } catch (error) {
      // The call is worth more than the question.
      logEvent('session_unreachable', { error: error instanceof Error ? error.name : 'unknown' })
    }
  }

  /** From now on the run is in the Session: a question was stored with all that was said. */
  handOver(session: LegacySession): void {
    this.#stored = new StoredRun(this.input, session, this.log.runId, this.pending)
    this.#keeping = Promise.resolve(true)
  }

  /** Resolves when the Session has what a client needs to come back; `false`: it cannot. */
  async isKept(): Promise<boolean> {
    return (await this.#keeping) ?? false
  }

  /** Nothing more will be said here. */
  close(): void {
    const hasEnded = !this.#isClosed && this.log.frames.at(-1)?.done === true
    this.#isClosed = true
    if (hasEnded && this.session) rememberEnded(this.input, this.session, this.log)
    if (this.#deadline !== undefined) clearTimeout(this.#deadline)
    this.#retire()
  }

  #end(why: 'cancelled' | 'stopped'): void {
    this.#stop ??= why
    this.#ended.abort(why === 'cancelled' ? CANCELLED : undefined)
  }

  #leave(): void {
    if (this.#taskId !== undefined) {
      // Only the view ends: the task is where a client that comes back will look.
      this.#ended.abort()
      return
    }
    if (!this.#isClosed)
      this.#deadline = setTimeout(() => this.#end('stopped'), AFTER_DISCONNECT_MS)
    if (!this.session || !this.log.isResumable || this.#stored || this.#stop) return
    const { runId } = this.log
    this.#stored = new StoredRun(this.input, this.session, runId, this.pending)
    this.#keeping = this.#keep(this.session, [...this.log.frames])
    this.input.waitUntil(this.#keeping)
  }

  async #keep(session: LegacySession, frames: SessionFrame[]): Promise<boolean> {
    const { runId } = this.log
    const call: PendingCall = { ...this.pending, params: {} }
    try {
      return await sessionStub(this.input, session).keep({ runId, call, frames })
    } catch (error) {
      logEvent('session_unreachable', { error: error instanceof Error ? error.name : 'unknown' })
      return false
    }
  }
}
