/**
 * One run of a handler: from its start to the first thing that settles it (an
 * answer, a failure, a question, the end of its time). What comes later is
 * ignored. Nothing is allocated for what a handler does not use.
 */
import type { RunInput, Reply, RunScope } from './run-model.ts'
import { logEvent, logUnexpected } from '../../lib/log.ts'
import {
  CAPABILITIES_KEY,
  LOG_LEVEL_KEY,
  LOG_LEVELS,
  type LogLevel,
} from '../../protocol/revisions/2026-07-28/envelope.ts'
import { successJson } from '../../protocol/revisions/2026-07-28/results.ts'
import {
  errorJson,
  internalError,
  invalidParams,
  missingCapability,
  type WireError,
} from '../../protocol/errors.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import type { ToolContext } from '../author/define.ts'
import type { Form, Opened, Page } from '../author/elicit.ts'
import { ToolError } from '../author/error.ts'
import type { ClientOffers } from '../author/sample.ts'
import type { TaskBegins } from '../../contracts/inner-wire.ts'
import {
  formQuestion,
  isPage,
  NEEDED,
  offersOf,
  pageQuestion,
  rootsQuestion,
  sampleQuestion,
  type Question,
} from './ask.ts'
import { EventStream } from './event-stream.ts'
import { MAX_ROUNDS, RETRY_MS, TASK_STATE_LIFETIME_SECONDS } from '../limits.ts'
import { Questions } from './questions.ts'
import { newRun, sealState, type RunState } from './request-state.ts'
import type { Ending } from './work.ts'

/** Also what RPC calls answer, which are no Promises. */
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'

const DISCONNECTED = 'The client went away.'

export class Run implements RunScope {
  readonly input: RunInput
  readonly events = new EventStream()
  /** Set once. */
  reply: Reply | undefined
  onSettled: ((reply: Reply) => void) | undefined
  #abort: AbortController | undefined
  #questions: Questions | undefined
  #runState: RunState | undefined
  #lastProgress = -Infinity

  constructor(input: RunInput) {
    this.input = input
  }

  get runState(): RunState {
    const { state, caller } = this.input
    return (this.#runState ??= state ?? newRun(caller.decision.run?.id))
  }

  get isFresh(): boolean {
    return this.input.state === undefined && this.input.caller.decision.run === undefined
  }

  get asksPages(): boolean {
    return offersOf(this.input.message.meta[CAPABILITIES_KEY]).elicitUrl
  }

  askPage(key: string, message: string, page: Page): Promise<Opened> {
    return this.#ask('elicitUrl', key, () => pageQuestion(message, page))
  }

  /** Calls the handler. Returns when the handler first waits; {@link reply} may be there by then. */
  start(): void {
    const { work, args } = this.input
    let ending: Promise<void>
    try {
      const returned: unknown = work.run(args, this.#context())
      ending = isThenable(returned)
        ? Promise.resolve(returned).then(
            (value: unknown) => this.#finish(value),
            (error: unknown) => this.#fail(error),
          )
        : this.#finish(returned)
    } catch (error) {
      ending = this.#fail(error)
    }
    // Our own bug, or a ToolError JSON has no words for: the caller must not wait for the deadline.
    ending.catch((error: unknown) => this.#crash(error))
  }

  /** Its time is over. */
  expire(): void {
    const { work } = this.input
    const text = `"${work.name}" did not finish within ${work.timeoutMs / 1000} s and was stopped.`
    this.#end(work.stopped(text))
    this.#stop(text)
  }

  /** Nobody waits for the answer any more (2026-07-28: disconnecting cancels). */
  disconnect(): void {
    this.#end(this.input.work.stopped(DISCONNECTED))
    this.#stop(DISCONNECTED)
  }

  /** Aborts the handler's signal, if it has looked at it. */
  #stop(reason: string): void {
    this.#abort?.abort(new DOMException(reason, 'AbortError'))
  }

  async #finish(value: unknown): Promise<void> {
    if (this.#questions && (await this.#questions.isWaiting())) return this.#suspend()
    if (!this.reply) this.#end(await this.input.work.answer(value))
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#questions && (await this.#questions.isWaiting())) return this.#suspend()
    if (this.reply) return
    const { work, compiled, caller } = this.input
    if (caller.decision.run === undefined || error instanceof ToolError) {
      this.#end(work.failure(error))
      return
    }
    // SEP-2663: what a tool says of itself completes a task; what nobody foresaw fails it.
    const ref = logUnexpected('task_failed', error, {
      server: compiled.built.name,
      name: work.name,
    })
    this.#settleError(internalError(ref))
  }

  #end(ending: Ending): void {
    if (ending.kind === 'result') this.#settleResult(ending.json, ending.isError)
    else this.#settleError(ending.error)
  }

  #settleResult(resultJson: string, isError?: true): void {
    const json = successJson(this.input.message.id, resultJson)
    this.#settle({ status: 200, json, ...(isError && { isError }) })
  }

  #settleError(error: WireError): void {
    const json = errorJson(this.input.message.id, error)
    this.#settle({ status: error.status, json, isError: true })
  }

  #settle(reply: Reply): void {
    if (this.reply) return
    this.reply = reply
    this.onSettled?.(reply)
  }

  #context(): ToolContext {
    const { caller, env, message } = this.input
    const offers = offersOf(message.meta[CAPABILITIES_KEY])
    const signal = (): AbortSignal => this.#signal()
    return {
      env,
      principal: caller.principal,
      get signal() {
        return signal()
      },
      progress: (progress, total, message) => this.#progress(progress, total, message),
      log: (level, data) => this.#log(level, data),
      closeStream: (retryMs = RETRY_MS) => this.#closeStream(retryMs),
      client: offers,
      elicit: (key: string, message: string, asked: Form | Page) =>
        isPage(asked)
          ? this.askPage(key, message, asked)
          : this.#ask('elicit', key, () => formQuestion(message, asked)),
      sample: (key, params) => this.#ask('sample', key, () => sampleQuestion(params)),
      roots: (key = 'roots') => this.#ask('roots', key, rootsQuestion),
      task: () => this.#task(),
      ...this.input.compiled.platform.members(this),
    } as ToolContext
  }

  #signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      const { signal } = this.input.request
      if (signal.aborted || this.reply) this.#stop(DISCONNECTED)
      else signal.addEventListener('abort', () => this.disconnect(), { once: true })
    }
    return this.#abort.signal
  }

  #progress(progress: number, total?: number, message?: string): Promise<void> {
    const { progressToken } = this.input.message.meta
    const increases = Number.isFinite(progress) && progress > this.#lastProgress
    if (progressToken !== undefined && increases) {
      this.#lastProgress = progress
      this.#notify('notifications/progress', { progressToken, progress, total, message })
    }
    return Promise.resolve()
  }

  /** Only for requests that set a level (2026-07-28 server/utilities/logging). */
  #log(level: LogLevel, data: unknown): void {
    const threshold = this.input.message.meta[LOG_LEVEL_KEY]
    if (threshold === undefined) return
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(threshold)) return
    this.#notify('notifications/message', { level, logger: this.input.work.name, data })
  }

  /** @throws RangeError for no number of milliseconds */
  #closeStream(retryMs: number): void {
    if (!Number.isSafeInteger(retryMs) || retryMs < 0) {
      throw new RangeError('closeStream: retryMs must be a whole number of milliseconds')
    }
    if (!this.reply) this.events.letGo(retryMs)
  }

  #notify(method: string, params: JsonObject): void {
    if (!this.reply) this.events.notify(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  /** Ends the run if the client did not declare that it can be asked; otherwise as `Questions.ask`. */
  async #ask<Answer>(
    need: keyof ClientOffers,
    key: string,
    makeQuestion: () => Question,
  ): Promise<Answer> {
    if (!offersOf(this.input.message.meta[CAPABILITIES_KEY])[need]) {
      this.#settleError(missingCapability(NEEDED[need]))
      this.#stop('the client cannot be asked this')
      return new Promise(() => undefined)
    }
    const { state, responses, work } = this.input
    this.#questions ??= new Questions({
      state: this.runState,
      responses: responses ?? {},
      acceptUnasked: state === undefined && work.readOnly,
      // A turn of the event loop later, so that questions asked together go out together.
      onWaiting: () => setTimeout(() => void this.#suspend(), 0),
    })
    return this.#questions.ask(key, makeQuestion()) as Promise<Answer>
  }

  #crash(error: unknown): void {
    const { compiled, work } = this.input
    const fields = { server: compiled.built.name, name: work.name }
    const ref = logUnexpected('run_failed', error, fields)
    this.#end(work.stopped(`Internal error (ref ${ref})`))
  }

  /** Ends this round with `input_required`. */
  async #suspend(): Promise<void> {
    try {
      if (!this.#questions || !(await this.#questions.isWaiting()) || this.reply) return
      await this.#askUser(this.#questions)
    } catch (error) {
      this.#crash(error)
    }
    this.#stop('the run waits for the user')
  }

  async #askUser(questions: Questions): Promise<void> {
    const { caller, compiled, work } = this.input
    const { inputRequests, state } = questions.nextRound()
    if (state.round > MAX_ROUNDS) {
      logEvent('too_many_rounds', { server: compiled.built.name, name: work.name })
      this.#settleError(invalidParams(`This call asked ${MAX_ROUNDS} times; start it anew.`))
      return
    }
    const requestState = await this.#seal(state)
    const { state: answered } = this.input
    if (answered && work.once && !caller.decision.run) {
      await compiled.platform.release(this.input, answered)
    }
    this.#settleResult(
      `{"resultType":"input_required","inputRequests":${JSON.stringify(inputRequests)},"requestState":"${requestState}","_meta":{${compiled.metaJson}}}`,
    )
  }

  /** @throws Error without keys, or when the answers are more than a state may hold */
  async #seal(state: RunState, lifetimeSeconds?: number): Promise<string> {
    const { caller, work, rawArgs } = this.input
    const { seal, run } = caller.decision
    if (!seal) throw new Error('the decision carries no seal keys')
    const binding = { principal: caller.principal, bound: work.bound, args: rawArgs }
    const lifetime = run === undefined ? lifetimeSeconds : TASK_STATE_LIFETIME_SECONDS
    const sealed = await sealState(seal, binding, state, Math.floor(Date.now() / 1000), lifetime)
    if (sealed === undefined) throw new Error('the answers so far do not fit a requestState')
    return sealed
  }

  /** Where a tool that begins in the call goes on as a task; elsewhere nothing is to be done. */
  #task(): Promise<void> {
    if (!this.input.caller.decision.mayBeginTask) return Promise.resolve()
    // A turn later, like questions: what is asked beside it comes first.
    setTimeout(() => void this.#beginTask(), 0)
    return new Promise(() => undefined)
  }

  async #beginTask(): Promise<void> {
    try {
      if (this.#questions && (await this.#questions.isWaiting())) return
      if (this.reply) return
      const state = this.#questions?.answered() ?? this.runState
      const requestState = await this.#seal(state, TASK_STATE_LIFETIME_SECONDS)
      const { runId } = state
      const begins: TaskBegins = { resultType: 'task', runId, requestState }
      this.#settleResult(JSON.stringify(begins))
    } catch (error) {
      this.#crash(error)
    }
    this.#stop('the run goes on as a task')
  }
}
