/**
 * One task (SEP-2663): durable before it is told of, worked on by its own alarm,
 * looked at and answered by whoever its name belongs to, gone after its `ttlMs`.
 *
 * Does NOT call a server: the router's `Internal` entrypoint decides on each attempt
 * anew and does. Does NOT check who asks, but for scopes: tenant, subject and server
 * stand in the object's name, and only the router can name it.
 */
import { hubsOf } from '#shared/contracts/entrypoints.ts'
import { DurableObject } from 'cloudflare:workers'
import { missingScopes } from '#shared/identity/scopes.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { INTERNAL_ERROR } from '#shared/protocol/errors.ts'
import { isObject, isRequestId, type JsonObject } from '#shared/protocol/jsonrpc.ts'
import type {
  PrincipalRecord,
  Task,
  TaskCall,
  TaskOutcome,
  TaskRun,
  TaskStart,
} from '#shared/contracts/tasks.ts'
import { Tables } from '../schema.ts'
import { attempt, type AttemptEnd, type TaskError } from '#shared/services/task-attempt.ts'
import {
  ATTEMPT_RETRY_MS,
  LOST_ATTEMPTS_MAX,
  PARAMS_MAX_CHARS,
  QUESTION_MAX_CHARS,
  QUESTIONS_MAX,
  RESPONSES_MAX_CHARS,
  RESULT_MAX_CHARS,
  TURN_RETRY_MS,
  UNAVAILABLE_RETRIES_MAX,
} from './limits.ts'
import { ATTEMPT_MAX_MS } from '#shared/services/limits.ts'
import { TaskNotices } from './notices.ts'
import { Reports } from './reports.ts'
import { TASK_MIGRATIONS, TaskStore, type TaskRow } from './store.ts'
import { TaskViews } from './views.ts'
import { detailedJson, headOf, statusLine } from './wire.ts'

export class TaskObject extends DurableObject<Cloudflare.Env> implements Task {
  readonly #tables: Tables
  readonly #store: TaskStore
  readonly #views: TaskViews
  readonly #notices: TaskNotices
  /** The attempt of this incarnation. */
  #attempt: AbortController | undefined

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, TASK_MIGRATIONS)
    this.#store = new TaskStore(this.#tables, state.storage.sql)
    this.#views = new TaskViews(state, this.#store)
    this.#notices = new TaskNotices(hubsOf(env.HUB), this.#store)
    // An attempt that an earlier incarnation began is lost: its turn is now.
    if (this.#store.read()?.attempt_running === 1) void state.storage.setAlarm(Date.now())
  }

  // The methods answer at once: SQL is synchronous, and the runtime holds an
  // answer back until what it wrote, alarm included, is on disk.

  create(taskId: string, start: TaskStart): TaskOutcome {
    const known = this.#current()
    if (known) return { status: 'ok', json: JSON.stringify(headOf(known)) }
    const params = JSON.stringify(start.params)
    if (params.length > PARAMS_MAX_CHARS) return { status: 'too_large' }
    this.#atomically(() => this.#store.create(taskId, start, params, Date.now()))
    this.#schedule()
    const created = this.#current()
    return created ? { status: 'ok', json: JSON.stringify(headOf(created)) } : { status: 'unknown' }
  }

  get(held: readonly string[]): TaskOutcome {
    const task = this.#current()
    if (!task) return { status: 'unknown' }
    return refused(task, held) ?? { status: 'ok', json: detailedJson(task, this.#store) }
  }

  mayFollow(held: readonly string[]): boolean {
    const task = this.#current()
    return task !== undefined && refused(task, held) === undefined
  }

  callOf(held: readonly string[]): TaskCall | undefined {
    const task = this.#current()
    return task && !refused(task, held) ? callOf(task, this.#store) : undefined
  }

  update(record: PrincipalRecord, inputResponses: Record<string, unknown>): TaskOutcome {
    const task = this.#current()
    if (!task) return { status: 'unknown' }
    const refusal = refused(task, record.principal.scopes)
    if (refusal) return refusal
    if (JSON.stringify(inputResponses).length > RESPONSES_MAX_CHARS) return { status: 'too_large' }
    if (task.status !== 'input_required') return ACKNOWLEDGED
    // What is no answer at all leaves its question open.
    const responses = Object.entries(inputResponses)
      .filter(([, response]) => isObject(response))
      .map(([key, response]) => [key, JSON.stringify(response)] as const)
    this.#atomically(() => this.#store.answer(Object.fromEntries(responses), record, Date.now()))
    this.#moved()
    return ACKNOWLEDGED
  }

  cancel(held: readonly string[]): TaskOutcome {
    const task = this.#current()
    if (!task) return { status: 'unknown' }
    const refusal = refused(task, held)
    if (refusal) return refusal
    this.#finish('cancelled', undefined, undefined)
    this.#attempt?.abort()
    return ACKNOWLEDGED
  }

  /** Attaches a view (see `TASK_ATTACH_PATH`). */
  override fetch(request: Request): Response {
    return this.#current() ? this.#views.attach(request) : new Response(null, { status: 404 })
  }

  /** Never throws: the runtime counts failures of alarms and gives up; attempts are counted by us. */
  override async alarm(): Promise<void> {
    try {
      await this.#turn()
    } catch (error) {
      logUnexpected('task_turn_failed', error)
      await this.ctx.storage.setAlarm(Date.now() + TURN_RETRY_MS)
    }
  }

  async #turn(): Promise<void> {
    const task = this.#store.read()
    if (!task || this.#attempt) return
    if (hasExpired(task)) {
      this.#views.close()
      return this.#tables.destroy()
    }
    if (task.attempt_running === 1) this.#lost(task, 'the object was started anew')
    else if (task.due_ms !== null && task.due_ms <= Date.now()) await this.#run(task)
    this.#schedule()
  }

  async #run(task: TaskRow): Promise<void> {
    const reports = new Reports((params, message) => {
      this.#store.report(JSON.stringify(params), message, Date.now())
      this.#views.publish()
      this.ctx.waitUntil(this.#notices.report())
    })
    this.#attempt = new AbortController()
    this.#store.beginAttempt()
    const expiry = setTimeout(() => this.#attempt?.abort(), expiresMs(task) - Date.now())
    try {
      const end = await attempt({
        router: this.env.ROUTER,
        run: runOf(task, this.#store),
        signal: this.#attempt.signal,
        onProgress: (params) => reports.add(params),
      })
      reports.flush()
      this.#settle(end)
    } finally {
      clearTimeout(expiry)
      reports.stop()
      this.#attempt = undefined
    }
  }

  /** After an attempt. Of a task that was cancelled meanwhile, nothing moves. */
  #settle(end: AttemptEnd): void {
    const task = this.#store.read()
    if (!task || task.status !== 'working') return
    switch (end.kind) {
      case 'result':
        if (end.json.length > RESULT_MAX_CHARS)
          return this.#fail(internal('The result is too large'))
        return this.#finish('completed', end.json, undefined)
      case 'asks':
        return this.#ask(end)
      case 'error':
        return this.#fail(end.error)
      case 'unavailable':
        if (task.unavailable >= UNAVAILABLE_RETRIES_MAX) return this.#fail(end.error)
        return this.#store.retry('unavailable', Date.now() + backoffMs(task.unavailable))
      case 'lost':
        return this.#lost(task, end.detail)
      case 'aborted':
        return
    }
  }

  #lost(task: TaskRow, detail: string): void {
    const { task_id: taskId, server, tool, attempts, lost } = task
    logEvent('task_attempt_lost', { taskId, server, tool, attempts, detail })
    if (task.restart === 'never') return this.#fail(internal(INTERRUPTED))
    if (lost + 1 >= LOST_ATTEMPTS_MAX) return this.#fail(internal(GIVEN_UP))
    this.#store.retry('lost', Date.now() + backoffMs(lost))
  }

  #ask({ requests, requestState }: Extract<AttemptEnd, { kind: 'asks' }>): void {
    const questions = Object.entries(requests).map(
      ([key, request]) => [key, JSON.stringify(request)] as const,
    )
    const isTooMuch =
      questions.length > QUESTIONS_MAX ||
      questions.some(([, question]) => question.length > QUESTION_MAX_CHARS)
    if (isTooMuch) return this.#fail(internal('The tool asks more at once than can be kept'))
    this.#atomically(() => this.#store.ask(Object.fromEntries(questions), requestState, Date.now()))
    this.#moved()
  }

  #fail(error: TaskError): void {
    this.#finish('failed', JSON.stringify(error), statusLine(error.message))
  }

  #finish(
    status: 'completed' | 'failed' | 'cancelled',
    answerJson: string | undefined,
    message: string | undefined,
  ): void {
    const isNew = this.#atomically(() =>
      this.#store.finish(status, answerJson, message, Date.now()),
    )
    if (isNew) this.#moved()
  }

  /** Something changed that others see. */
  #moved(): void {
    this.#schedule()
    this.#views.publish()
    this.ctx.waitUntil(this.#notices.tell())
  }

  /** The task, unless its time is over. */
  #current(): TaskRow | undefined {
    const task = this.#store.read()
    return task && !hasExpired(task) ? task : undefined
  }

  #schedule(): void {
    const task = this.#store.read()
    if (!task) return
    const atMs = Math.min(task.due_ms ?? Infinity, expiresMs(task))
    void this.ctx.storage.setAlarm(atMs)
  }

  #atomically<Value>(change: () => Value): Value {
    return this.ctx.storage.transactionSync(change)
  }
}

const ACKNOWLEDGED: TaskOutcome = { status: 'ok', json: '{}' }
const INTERRUPTED = 'The task was interrupted before it finished; whether it took effect is unknown'
const GIVEN_UP = 'The task was interrupted again and again before it finished, and was given up'

const internal = (message: string): TaskError => ({ code: INTERNAL_ERROR, message })

const expiresMs = (task: TaskRow): number => task.created_ms + task.ttl_ms
const hasExpired = (task: TaskRow): boolean => expiresMs(task) <= Date.now()
/** As long as the last attempt may go on. */
const keptSeconds = (task: TaskRow): number => Math.ceil((task.ttl_ms + ATTEMPT_MAX_MS) / 1000)
const backoffMs = (failures: number): number => ATTEMPT_RETRY_MS * 2 ** failures

/** A token with fewer scopes than the tool needs does not get at its result by another way. */
function refused(task: TaskRow, held: readonly string[]): TaskOutcome | undefined {
  const scopes = JSON.parse(task.scopes) as string[]
  return missingScopes(scopes, held).length > 0
    ? { status: 'insufficient_scope', scopes }
    : undefined
}

/** A token counts only while there is progress to report; the arguments go with it. */
function callOf({ tool, status }: TaskRow, store: TaskStore): TaskCall {
  if (status !== 'working' && status !== 'input_required') return { tool }
  const { _meta: meta } = JSON.parse(store.text('params')) as JsonObject
  const progressToken = isObject(meta) ? meta['progressToken'] : undefined
  return { tool, ...(isRequestId(progressToken) ? { progressToken } : {}) }
}

/** Progress is asked for by us, whatever the client did: it becomes `statusMessage`. */
function runOf(task: TaskRow, store: TaskStore): TaskRun {
  const params = JSON.parse(store.text('params')) as JsonObject
  const answers = store.questions().map(({ inner_key: key, response }) => [key, response] as const)
  const meta = isObject(params['_meta']) ? params['_meta'] : {}
  return {
    server: task.server,
    principalRecord: JSON.parse(task.record) as PrincipalRecord,
    decision: { tool: task.tool, run: { id: task.task_id, keptSeconds: keptSeconds(task) } },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: task.attempts + 1,
      method: 'tools/call',
      params: {
        ...params,
        _meta: { ...meta, progressToken: task.task_id },
        ...(task.request_state === null ? {} : { requestState: task.request_state }),
        ...(answers.length > 0 ? { inputResponses: responsesOf(answers) } : {}),
      },
    }),
  }
}

/** A key is the server's own word; `__proto__` must stay a key. */
const responsesOf = (answers: readonly (readonly [string, string | null])[]): JsonObject =>
  Object.fromEntries(
    answers.map(([key, response]) => [key, JSON.parse(response ?? '{}') as unknown]),
  )
