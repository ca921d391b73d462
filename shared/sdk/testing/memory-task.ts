/**
 * The Task object's contract (`../../contracts/tasks.ts`) in memory, for tests of
 * authors: one attempt after the other through the gateway, its questions and its end.
 * Does NOT expire, survive or retry anything; the real one is
 * `durable-objects/tasks/task.ts`.
 */
import {
  TASK_ATTACH_PATH,
  type PrincipalRecord,
  type Task,
  type TaskCall,
  type TaskOutcome,
  type TaskRun,
  type TaskStart,
  type TaskView,
} from '../../contracts/tasks.ts'
import { missingScopes } from '../../identity/scopes.ts'
import { SERVER_ERROR } from '../../protocol/errors.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { attempt, type AttemptEnd, type TaskError } from '../../services/task-attempt.ts'
import { MemorySocket } from './memory-socket.ts'

/** Runs one attempt; what the router's `Internal` entrypoint does in production. */
export type RunAttempt = (run: TaskRun, signal: AbortSignal) => Promise<Response>

type Status = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'

/** Clients of a test need not wait between two looks. */
const POLL_INTERVAL_MS = 1

export class MemoryTask implements Task {
  readonly #runAttempt: RunAttempt
  readonly #ended = new AbortController()
  readonly #views: { view: TaskView; socket: MemorySocket; seq: number }[] = []
  #taskId = ''
  #start: TaskStart | undefined
  #status: Status = 'working'
  #statusMessage: string | undefined
  #progress: JsonObject | undefined
  #questions: JsonObject = {}
  #responses: Record<string, unknown> = {}
  #requestState: string | undefined
  #resultJson = ''
  #error: TaskError | undefined

  constructor(runAttempt: RunAttempt) {
    this.#runAttempt = runAttempt
  }

  create(taskId: string, start: TaskStart): TaskOutcome {
    if (!this.#start) {
      this.#taskId = taskId
      this.#start = start
      this.#requestState = start.requestState
      void this.#attempt(start.record)
    }
    return { status: 'ok', json: JSON.stringify(this.#head()) }
  }

  get(held: readonly string[]): TaskOutcome {
    return this.#refusal(held) ?? { status: 'ok', json: this.#json() }
  }

  mayFollow(held: readonly string[]): boolean {
    return this.#refusal(held) === undefined
  }

  callOf(held: readonly string[]): TaskCall | undefined {
    if (this.#refusal(held) || !this.#start) return undefined
    return { tool: this.#start.tool }
  }

  update(record: PrincipalRecord, inputResponses: Record<string, unknown>): TaskOutcome {
    const refusal = this.#refusal(record.principal.scopes)
    if (refusal) return refusal
    if (this.#status === 'input_required') {
      this.#responses = { ...this.#responses, ...inputResponses }
      const isAnswered = Object.keys(this.#questions).every((key) => key in this.#responses)
      if (isAnswered) void this.#attempt(record)
    }
    return { status: 'ok', json: '{}' }
  }

  cancel(held: readonly string[]): TaskOutcome {
    const refusal = this.#refusal(held)
    if (refusal) return refusal
    if (!this.#isOver()) {
      this.#ended.abort()
      this.#become('cancelled')
    }
    return { status: 'ok', json: '{}' }
  }

  /** Attaches a view; see {@link TASK_ATTACH_PATH}. */
  fetch(url: string): Promise<Pick<Response, 'webSocket'>> {
    const { pathname, searchParams } = new URL(url)
    const isThis = pathname === `${TASK_ATTACH_PATH}${this.#taskId}`
    const view = searchParams.get('view')
    if (!isThis || view === null) return Promise.resolve({ webSocket: null })
    const shown = { view: JSON.parse(view) as TaskView, socket: new MemorySocket([]), seq: 0 }
    shown.socket.onAccept = () => this.#show(shown)
    this.#views.push(shown)
    return Promise.resolve({ webSocket: shown.socket as unknown as WebSocket })
  }

  #refusal(held: readonly string[]): TaskOutcome | undefined {
    if (!this.#start) return { status: 'unknown' }
    const { scopes } = this.#start
    if (missingScopes(scopes, held).length === 0) return undefined
    return { status: 'insufficient_scope', scopes }
  }

  async #attempt(record: PrincipalRecord): Promise<void> {
    const start = this.#start
    if (!start) return
    this.#become('working')
    const params = {
      ...start.params,
      ...(this.#requestState === undefined ? {} : { requestState: this.#requestState }),
      ...(Object.keys(this.#responses).length > 0 ? { inputResponses: this.#responses } : {}),
    }
    this.#responses = {}
    const run = { id: this.#taskId, keptSeconds: Math.ceil(start.task.ttlMs / 1000) }
    const ended = await attempt({
      router: this.#router(),
      run: {
        server: start.server,
        principalRecord: record,
        decision: { tool: start.tool, run },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      },
      signal: this.#ended.signal,
      onProgress: (progress) => this.#report(progress),
    })
    if (!this.#isOver()) this.#end(ended)
  }

  #router(): Fetcher {
    return {
      fetch: (_url: string, init: RequestInit) =>
        this.#runAttempt(JSON.parse(init.body as string) as TaskRun, init.signal as AbortSignal),
    } as unknown as Fetcher
  }

  #report(params: JsonObject): void {
    const { progressToken: _token, ...progress } = params
    this.#progress = progress
    if (typeof progress['message'] === 'string') this.#statusMessage = progress['message']
    for (const view of this.#views) this.#show(view)
  }

  #end(ended: AttemptEnd): void {
    switch (ended.kind) {
      case 'result':
        this.#resultJson = ended.json
        this.#become('completed')
        return
      case 'asks':
        this.#questions = ended.requests
        this.#requestState = ended.requestState
        this.#become('input_required')
        return
      case 'error':
      case 'unavailable':
        this.#error = ended.error
        this.#become('failed')
        return
      case 'lost':
      case 'aborted':
        this.#error = { code: SERVER_ERROR, message: `The attempt was lost: ${ended.kind}` }
        this.#become('failed')
    }
  }

  #become(status: Status): void {
    this.#status = status
    for (const view of this.#views) this.#show(view)
  }

  #isOver(): boolean {
    return this.#status !== 'working' && this.#status !== 'input_required'
  }

  #head(): JsonObject {
    const now = new Date().toISOString()
    return {
      taskId: this.#taskId,
      status: this.#status,
      ...(this.#statusMessage === undefined ? {} : { statusMessage: this.#statusMessage }),
      createdAt: now,
      lastUpdatedAt: now,
      ttlMs: this.#start?.task.ttlMs ?? 0,
      pollIntervalMs: POLL_INTERVAL_MS,
    }
  }

  #json(): string {
    const head = this.#head()
    if (this.#status === 'input_required') {
      return JSON.stringify({ ...head, inputRequests: this.#questions })
    }
    if (this.#status === 'failed') return JSON.stringify({ ...head, error: this.#error })
    if (this.#status !== 'completed') return JSON.stringify(head)
    return `${JSON.stringify(head).slice(0, -1)},"result":${this.#resultJson}}`
  }

  /** The call that the task looks like to a 2025 client, as it stands now. */
  #show(shown: { view: TaskView; socket: MemorySocket; seq: number }): void {
    const event = this.#eventFor(shown.view)
    if (!event) return
    shown.seq += 1
    shown.socket.deliver({ seq: shown.seq, event: event.json, done: event.done })
  }

  #eventFor({ id, progressToken }: TaskView): { json: string; done: boolean } | undefined {
    const message = (rest: JsonObject): { json: string; done: boolean } => ({
      json: JSON.stringify({ jsonrpc: '2.0', id, ...rest }),
      done: true,
    })
    switch (this.#status) {
      case 'working': {
        if (!this.#progress || progressToken === undefined) return undefined
        const params = { progressToken, ...this.#progress }
        const method = 'notifications/progress'
        return { json: JSON.stringify({ jsonrpc: '2.0', method, params }), done: false }
      }
      case 'input_required': {
        const asks = { inputRequests: this.#questions, requestState: this.#taskId }
        return message({ result: { resultType: 'input_required', ...asks } })
      }
      case 'completed':
        return message({ result: JSON.parse(this.#resultJson) as unknown })
      case 'failed':
        return message({ error: this.#error })
      case 'cancelled':
        return message({ error: { code: SERVER_ERROR, message: 'The call was cancelled' } })
    }
  }
}

/** What `tasks/get` answered, as a client looks at it. */
export const isTask = (result: JsonObject): result is JsonObject & { taskId: string } =>
  isObject(result) && typeof result['taskId'] === 'string'
