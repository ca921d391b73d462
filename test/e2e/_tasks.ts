/** Clients of tasks on the raw wire: the official SDK 2.x has no tasks (SEP-2663) of its own. */
import { paced } from '../_pace.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AccessTokenClaims } from '#shared/identity/access-token.ts'
import { modern, send, type Got, type Message } from './_wire.ts'
import { mintToken } from './_tokens.ts'

export const TASKS = 'io.modelcontextprotocol/tasks'
export const DECLARED = { elicitation: { form: {} }, extensions: { [TASKS]: {} } }

export interface ShownTask {
  taskId: string
  status: string
  statusMessage?: string
  inputRequests?: Record<string, { method: string }>
  result?: { content: { text: string }[]; isError?: boolean }
  error?: { code: number; message: string }
  [key: string]: unknown
}

export interface TaskClient {
  readonly url: URL
  readonly token: string | undefined
  request(method: string, params: Record<string, unknown>, capabilities?: object): Promise<Got>
  /** @throws Error unless a task was made */
  start(tool: string, args: object): Promise<ShownTask>
  get(taskId: string): Promise<ShownTask>
  until(taskId: string, isThere: (task: ShownTask) => boolean): Promise<ShownTask>
}

const POLL_MS = 50
const WAIT_MAX_MS = paced(15_000)

export async function connectTasks(
  url: URL,
  claims: Partial<AccessTokenClaims> = {},
): Promise<TaskClient> {
  return clientWith(url, await mintToken(url, claims))
}

/** @param token `undefined`: a stranger */
export function clientWith(url: URL, token: string | undefined): TaskClient {
  const request = (method: string, params: Record<string, unknown>, capabilities = DECLARED) => {
    const { headers, body } = modern(method, params, { token })
    const message = JSON.parse(body) as { params: { _meta: Record<string, unknown> } }
    message.params._meta['io.modelcontextprotocol/clientCapabilities'] = capabilities
    const { taskId } = params
    const named = typeof taskId === 'string' ? { 'mcp-name': taskId } : {}
    return send(url.origin, {
      path: url.pathname,
      headers: { ...headers, ...named },
      body: JSON.stringify(message),
    })
  }
  const get = async (taskId: string): Promise<ShownTask> =>
    resultOf<ShownTask>((await request('tasks/get', { taskId })).message)
  return {
    url,
    token,
    request: request as TaskClient['request'],
    get,
    async start(name, args) {
      const { message } = await request('tools/call', { name, arguments: args })
      const task = resultOf<ShownTask>(message)
      if (task['resultType'] !== 'task') throw new Error(`no task: ${JSON.stringify(message)}`)
      return task
    },
    async until(taskId, isThere) {
      const endMs = Date.now() + WAIT_MAX_MS
      for (;;) {
        const task = await get(taskId)
        if (isThere(task)) return task
        if (Date.now() > endMs) throw new Error(`still ${JSON.stringify(task)}`)
        await sleep(POLL_MS)
      }
    },
  }
}

function resultOf<Result>({ result, error }: Message): Result {
  if (!result) throw new Error(`refused: ${JSON.stringify(error)}`)
  return result as Result
}

export const isOver = ({ status }: ShownTask): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'
export const isAsking = ({ status }: ShownTask): boolean => status === 'input_required'

/** Answers every open question in the same way. */
export const answersTo = ({ inputRequests = {} }: ShownTask, content: object) =>
  Object.fromEntries(Object.keys(inputRequests).map((key) => [key, { action: 'accept', content }]))
