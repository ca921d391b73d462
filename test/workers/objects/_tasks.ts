/** Tasks over a stand-in of the router (`_router-worker.js`): the arguments say what its server does. */
import { env, exports } from 'cloudflare:workers'
import { ANONYMOUS, type Principal } from '#shared/identity/principal.ts'
import { randomId } from '#shared/lib/random-id.ts'
import type { Rpc } from '#shared/contracts/entrypoints.ts'
import {
  taskObjectName,
  type PrincipalRecord,
  type Task,
  type TaskOutcome,
  type TaskRun,
  type TaskStart,
} from '#shared/contracts/tasks.ts'

export const ALICE: Principal = { ...ANONYMOUS, subject: 'alice', clientId: 'client' }
export const DAY_MS = 24 * 3_600_000

export const recordOf = (principal = ALICE): PrincipalRecord => ({
  principal,
  grantId: 'grant-1',
  provenAtSeconds: Math.floor(Date.now() / 1000),
})

/** What the server does in one round or attempt; see the stand-in. */
export interface Step {
  progress?: { progress: number; total?: number; message?: string }[]
  hang?: true
  cut?: true
  status?: number
  body?: unknown
  result?: Record<string, unknown>
  error?: { code: number; message: string }
}
export const says = (text: string): Step => ({
  result: { resultType: 'complete', content: [{ type: 'text', text }] },
})
export const asks = (round: number, ...keys: string[]): Step => ({
  result: {
    resultType: 'input_required',
    requestState: String(round),
    inputRequests: Object.fromEntries(
      keys.map((key) => [key, { method: 'elicitation/create', params: { message: `${key}?` } }]),
    ),
  },
})

export type TaskStub = Rpc<Task> & DurableObjectStub

export interface Script {
  rounds?: Step[]
  /** Instead, by attempt. */
  attempts?: Step[]
}

/** Not created yet. */
export function newTask(server = 'jobs', principal = ALICE): { taskId: string; stub: TaskStub } {
  const taskId = randomId()
  const name = taskObjectName(principal, server, taskId)
  return { taskId, stub: exports.TaskObject.getByName(name) as unknown as TaskStub }
}

export function startOf(script: Script, more: Partial<TaskStart> = {}): TaskStart {
  return {
    server: 'jobs',
    tool: 'work',
    scopes: [],
    task: { restart: 'fromInput', ttlMs: DAY_MS },
    record: recordOf(),
    params: { name: 'work', arguments: { ...script }, _meta: { client: 'test' } },
    ...more,
  }
}

export async function started(script: Script, more?: Partial<TaskStart>) {
  const task = newTask()
  await task.stub.create(task.taskId, startOf(script, more))
  return task
}

/** As much of a `DetailedTask` as tests look at. */
export interface Shown {
  taskId: string
  status: string
  statusMessage?: string
  createdAt: string
  lastUpdatedAt: string
  ttlMs: number
  inputRequests?: Record<string, unknown>
  result?: { content: { text: string }[] }
  error?: { code: number; message: string }
}

export function shownBy(outcome: TaskOutcome): Shown {
  if (outcome.status !== 'ok') throw new Error(`no task: ${outcome.status}`)
  return JSON.parse(outcome.json) as Shown
}

export const show = async (stub: TaskStub): Promise<Shown> => shownBy(await stub.get([]))

const POLL_MS = 20
const WAIT_MAX_MS = 30_000

/** @throws Error when it does not come to that in time */
export async function until(
  stub: TaskStub,
  isThere: (shown: Shown) => boolean | Promise<boolean>,
): Promise<Shown> {
  const endMs = Date.now() + WAIT_MAX_MS
  for (;;) {
    const shown = await show(stub)
    if (await isThere(shown)) return shown
    if (Date.now() > endMs) throw new Error(`still ${JSON.stringify(shown)}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

export const untilStatus = (stub: TaskStub, ...statuses: string[]): Promise<Shown> =>
  until(stub, ({ status }) => statuses.includes(status))

interface Seen {
  attempts: number
  aborted: number
  runs: (TaskRun & { body: { params: Record<string, unknown> } })[]
}

/** What the router was asked for a task. */
export const seen = (taskId: string): Promise<Seen> =>
  (env.ROUTER as unknown as { seen(taskId: string): Promise<Seen> }).seen(taskId)
