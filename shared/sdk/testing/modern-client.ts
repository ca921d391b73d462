/** A client of 2026-07-28: every request says all about itself; questions come as `input_required`. */
import {
  CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
  VERSION_KEY,
} from '../../protocol/revisions/2026-07-28/envelope.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import { decidedName } from '../../protocol/revisions/2026-07-28/decided-name.ts'
import { resultOf } from './answer.ts'
import type { CallOptions, Connection, Heard, Wire } from './wire.ts'
import { answerTo, capabilitiesOf, Listener, messagesOf, type TestUser } from './conversation.ts'
import { forward } from './router.ts'

export const connectModern = (connection: Connection): Wire => ({
  request: (method, params, options) => request(connection, method, params, options),
  async list(kind) {
    const { compiled } = connection.tested
    if (kind === 'resources' && compiled.listsResources) {
      const { result } = await request(connection, 'resources/list', {}, {})
      return result['resources']
    }
    // Here as in production, these are made from the definitions and reach no engine.
    return JSON.parse(compiled.lists[kind])
  },
})

async function request(
  connection: Connection,
  method: string,
  asked: JsonObject,
  { signal, onProgress }: CallOptions,
): Promise<Heard> {
  const { tested, principal, env, user } = connection
  const listener = new Listener(onProgress)
  const name = decidedName(method, asked)
  let answers: JsonObject = {}
  for (;;) {
    const params = { ...asked, ...answers, _meta: metaOf(user) }
    const response = await forward(tested, principal, env, {
      method,
      ...(name === undefined ? {} : { name }),
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      ...(signal ? { signal } : {}),
    })
    const result = await lastResult(response, listener)
    if (result['resultType'] !== 'input_required') return { result, heard: listener }
    answers = await answersTo(result, user)
  }
}

const metaOf = (user: TestUser): JsonObject => ({
  [VERSION_KEY]: MODERN_VERSION,
  [CAPABILITIES_KEY]: capabilitiesOf(user),
  [CLIENT_INFO_KEY]: { name: 'test-client', version: '1' },
  [LOG_LEVEL_KEY]: 'debug',
  progressToken: 'call',
})

async function lastResult(response: Response, listener: Listener): Promise<JsonObject> {
  for await (const message of messagesOf(response)) {
    if (!listener.hears(message)) return resultOf(response.status, message)
  }
  throw new Error('The stream ended without an answer')
}

/** The user's answers, with the state they belong to. */
async function answersTo(result: JsonObject, user: TestUser): Promise<JsonObject> {
  const { inputRequests, requestState } = result
  const inputResponses: JsonObject = {}
  for (const [key, request] of Object.entries(isObject(inputRequests) ? inputRequests : {})) {
    inputResponses[key] = await answerTo(user, request as JsonObject)
  }
  return { inputResponses, requestState }
}
