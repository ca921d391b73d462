/** A client of 2025-11-25: a session, and questions as requests of the server, over the real gateway. */
import type { ListKind } from '../../gateway/legacy/input.ts'
import { SESSION_HEADER, VERSION_HEADER } from '../../protocol/headers.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import { resultOf } from './answer.ts'
import { answerTo, capabilitiesOf, Listener, messagesOf } from './conversation.ts'
import { TESTED_NAME } from './tested-server.ts'
import type { CallOptions, Connection, Heard, Wire } from './wire.ts'

const VERSION = '2025-11-25'

const LIST_METHODS = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
} as const satisfies Record<ListKind, string>

export async function connectLegacy(connection: Connection): Promise<Wire> {
  const session = await openSession(connection)
  return {
    request: (method, params, options) => session.request(method, params, options),
    async list(kind) {
      const { result } = await session.request(LIST_METHODS[kind], {})
      return result[kind]
    },
  }
}

/** Opens a session with the server, `initialize` and what follows it. */
export async function openSession(connection: Connection): Promise<LegacySession> {
  const session = new LegacySession(connection)
  await session.initialize()
  return session
}

export class LegacySession {
  readonly #connection: Connection
  #id: string | undefined
  #requests = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async initialize(): Promise<void> {
    const response = await this.#post({
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: VERSION,
        capabilities: capabilitiesOf(this.#connection.user),
        clientInfo: { name: 'test-client', version: '1' },
      },
    })
    resultOf(response.status, await response.json())
    this.#id = response.headers.get(SESSION_HEADER) ?? undefined
    await this.#post({ method: 'notifications/initialized' })
  }

  /** @throws CallRefused */
  async request(
    method: string,
    params: JsonObject,
    { signal, onProgress }: CallOptions = {},
  ): Promise<Heard> {
    const id = ++this.#requests
    const heard = new Listener(onProgress)
    const message = { id, method, params: { ...params, _meta: { progressToken: id } } }
    const response = await this.#post(message, signal)
    for await (const message of messagesOf(response)) {
      if (heard.hears(message)) continue
      if (typeof message['method'] === 'string') await this.#answer(message)
      else return { result: resultOf(response.status, message), heard }
    }
    throw new Error('The stream ended without an answer')
  }

  /** The server's question is answered in a POST of its own. */
  async #answer(question: JsonObject): Promise<void> {
    const result = await answerTo(this.#connection.user, question)
    await this.#post({ id: question['id'], result })
  }

  #post(message: object, signal?: AbortSignal): Promise<Response> {
    const session =
      this.#id === undefined ? {} : { [SESSION_HEADER]: this.#id, [VERSION_HEADER]: VERSION }
    const request = new Request(`https://test.invalid/${TESTED_NAME}/mcp`, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      ...(signal ? { signal } : {}),
    })
    return this.#connection.gateway.send(request)
  }
}
