/** A client of 2026-07-28: requests are self-contained; questions come as `input_required`, long work as a task. */
import type { CalledMethod } from '../../gateway/decide/target.ts'
import { innerHeaders } from '../../gateway/dispatch/inner-headers.ts'
import {
  CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
  VERSION_KEY,
  TASKS_EXTENSION,
} from '../../protocol/revisions/2026-07-28/envelope.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import { decidedName } from '../../protocol/revisions/2026-07-28/decided-name.ts'
import { CallRefused, resultOf } from './answer.ts'
import { answerTo, capabilitiesOf, Listener, messagesOf, type TestUser } from './conversation.ts'
import { isTask } from './memory-task.ts'
import { TESTED_NAME } from './tested-server.ts'
import type { CallOptions, Connection, Heard, Wire } from './wire.ts'

const URL_OF_SERVER = `https://test.invalid/${TESTED_NAME}/mcp`

const LIST_METHODS = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
} as const

export const connectModern = (connection: Connection): Wire => ({
  request: (method, params, options) => request(connection, method, params, options),
  async list(kind) {
    const { result } = await request(connection, LIST_METHODS[kind], {}, {})
    return result[kind]
  },
})

async function request(
  connection: Connection,
  method: string,
  asked: JsonObject,
  options: CallOptions,
): Promise<Heard> {
  const { user } = connection
  const heard = new Listener(options.onProgress)
  let answers: JsonObject = {}
  for (;;) {
    const result = await send(connection, method, { ...asked, ...answers }, heard, options)
    if (result['resultType'] === 'task' && isTask(result)) {
      return { result: await followTask(connection, result.taskId, heard, options), heard }
    }
    if (result['resultType'] !== 'input_required') return { result, heard }
    const { inputRequests, requestState } = result
    answers = { inputResponses: await answersTo(inputRequests, user), requestState }
  }
}

/** Looks at the task until it is over, and answers what it asks meanwhile. */
async function followTask(
  connection: Connection,
  taskId: string,
  heard: Listener,
  options: CallOptions,
): Promise<JsonObject> {
  let told: unknown
  for (let looks = 1; ; looks++) {
    const task = await send(connection, 'tasks/get', { taskId }, heard, options)
    const { status, statusMessage, inputRequests, result, error, pollIntervalMs } = task
    if (statusMessage !== undefined && statusMessage !== told) {
      told = statusMessage
      const params = { progressToken: 'call', progress: looks, message: statusMessage }
      heard.hears({ method: 'notifications/progress', params })
    }
    if (status === 'completed' && isObject(result)) return result
    if (status === 'failed' && isObject(error)) {
      throw new CallRefused(200, Number(error['code']), String(error['message']))
    }
    if (status === 'cancelled') throw new CallRefused(200, 'cancelled', 'The task was cancelled')
    if (status === 'input_required') {
      const inputResponses = await answersTo(inputRequests, connection.user)
      await send(connection, 'tasks/update', { taskId, inputResponses }, heard, options)
    }
    await new Promise((resolve) => setTimeout(resolve, Number(pollIntervalMs)))
  }
}

/** One request, and its result. @throws CallRefused */
async function send(
  { gateway, tested, user }: Connection,
  method: string,
  asked: JsonObject,
  heard: Listener,
  { signal }: CallOptions,
): Promise<JsonObject> {
  const params = { ...asked, _meta: metaOf(user) }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  // As the official client: the method, the name and marked arguments travel as headers too.
  const name = decidedName(method, params)
  const headers = innerHeaders(tested.compiled, method as CalledMethod, name, body)
  const init = { method: 'POST', headers, body, ...(signal ? { signal } : {}) }
  const response = await gateway.send(new Request(URL_OF_SERVER, init))
  for await (const message of messagesOf(response)) {
    if (!heard.hears(message)) return resultOf(response.status, message)
  }
  throw new Error('The stream ended without an answer')
}

const metaOf = (user: TestUser): JsonObject => ({
  [VERSION_KEY]: MODERN_VERSION,
  [CAPABILITIES_KEY]: { ...capabilitiesOf(user), extensions: { [TASKS_EXTENSION]: {} } },
  [CLIENT_INFO_KEY]: { name: 'test-client', version: '1' },
  [LOG_LEVEL_KEY]: 'debug',
  progressToken: 'call',
})

async function answersTo(inputRequests: unknown, user: TestUser): Promise<JsonObject> {
  const requests = Object.entries((inputRequests ?? {}) as Record<string, JsonObject>)
  const answered = requests.map(async ([key, asked]) => [key, await answerTo(user, asked)] as const)
  return Object.fromEntries(await Promise.all(answered))
}
