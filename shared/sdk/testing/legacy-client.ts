/** A client of 2025-11-25: a session, and questions as requests of the server, over the real bridge. */
import type { LegacyInput, ListKind } from '../../gateway/legacy/input.ts'
import { handleLegacy } from '../../gateway/legacy/legacy.ts'
import { SESSION_HEADER, VERSION_HEADER } from '../../protocol/headers.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import { resultOf } from './answer.ts'
import { hasAttachments } from './memory-platform.ts'
import { answerTo, capabilitiesOf, Listener, messagesOf } from './conversation.ts'
import { memorySessions } from './memory-session.ts'
import { forward, sealKeysOf, TESTED_NAME } from './router.ts'
import { nowSeconds } from './trust.ts'
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
  const session = new LegacySession(connection, await sealKeysOf('session'))
  await session.initialize()
  return session
}

export class LegacySession {
  readonly #connection: Connection
  readonly #sealKeys: LegacyInput['sealKeys']
  readonly #sessions = memorySessions()
  #id: string | undefined
  #requests = 0

  constructor(connection: Connection, sealKeys: LegacyInput['sealKeys']) {
    this.#connection = connection
    this.#sealKeys = sealKeys
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
    return handleLegacy(this.#input(JSON.stringify({ jsonrpc: '2.0', ...message }), signal))
  }

  #input(body: string, signal: AbortSignal | undefined): LegacyInput {
    const { tested, principal, env } = this.#connection
    const { definitions, compiled } = tested
    return {
      request: new Request(`https://test.invalid/${TESTED_NAME}/mcp`, {
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(this.#id === undefined
            ? {}
            : { [SESSION_HEADER]: this.#id, [VERSION_HEADER]: VERSION }),
        },
        ...(signal ? { signal } : {}),
      }),
      body,
      serverName: TESTED_NAME,
      principal,
      server: {
        serverInfo: definitions.serverInfo,
        instructions: definitions.instructions,
        capabilities: {
          ...compiled.capabilities,
          ...(hasAttachments() ? { resources: {} } : {}),
        },
        list: (kind) => {
          const asksServer = kind === 'resources' && compiled.listsResources
          return Promise.resolve(asksServer ? undefined : compiled.lists[kind])
        },
      },
      call: (inner) => forward(tested, principal, env, inner),
      taskCall: () => Promise.resolve(undefined),
      sealKeys: this.#sealKeys,
      sessions: this.#sessions,
      follow: () => Promise.resolve(undefined),
      isSessionDeleted: () => false,
      deleteSession: () => Promise.resolve(),
      // What fails behind an answer is reported on the stream: nothing else listens here.
      waitUntil: (promise) => void promise.catch(() => undefined),
      nowSeconds: nowSeconds(),
    }
  }
}
