/** A client of 2026-07-28: every request says all about itself; questions come as `input_required`. */
import {
  CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
  VERSION_KEY,
} from '../protocol/2026-07-28/envelope.ts'
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import { MODERN_VERSION } from '../protocol/versions.ts'
import { answerFrom, resultOf, type TestAnswer } from './answer.ts'
import type { CallOptions, Connection, ListedTool, TestClient } from './client.ts'
import { Listener, messagesOf, questionOf, type Elicit } from './conversation.ts'
import { forward } from './router.ts'

export function connectModern(connection: Connection): TestClient {
  return {
    call: (tool, args, options = {}) => call(connection, tool, args, options),
    // Here as in production, lists are made from the definitions and reach no engine.
    listTools: () =>
      Promise.resolve(JSON.parse(connection.tested.compiled.lists.tools) as ListedTool[]),
  }
}

async function call(
  connection: Connection,
  tool: string,
  args: object | undefined,
  { signal, onProgress }: CallOptions,
): Promise<TestAnswer> {
  const { tested, principal, env, elicit } = connection
  const listener = new Listener(onProgress)
  let answers: JsonObject = {}
  for (;;) {
    const params = {
      name: tool,
      ...(args ? { arguments: args } : {}),
      ...answers,
      _meta: metaOf(elicit),
    }
    const response = await forward(tested, principal, env, {
      method: 'tools/call',
      name: tool,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      ...(signal ? { signal } : {}),
    })
    const result = await lastResult(response, listener)
    if (result['resultType'] !== 'input_required') return answerFrom(result, listener)
    answers = await answersTo(result, elicit)
  }
}

const metaOf = (elicit: Elicit | undefined): JsonObject => ({
  [VERSION_KEY]: MODERN_VERSION,
  [CAPABILITIES_KEY]: elicit ? { elicitation: { form: {}, url: {} } } : {},
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
async function answersTo(result: JsonObject, elicit: Elicit | undefined): Promise<JsonObject> {
  const { inputRequests, requestState } = result
  const inputResponses: JsonObject = {}
  for (const [key, request] of Object.entries(isObject(inputRequests) ? inputRequests : {})) {
    const { params } = request as { params: JsonObject }
    inputResponses[key] = await elicit?.(questionOf(params))
  }
  return { inputResponses, requestState }
}
