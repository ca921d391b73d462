/** One request of a 2025 client, with a scripted answer of the inner wire. */
import { ANONYMOUS, type Principal } from '#shared/identity/principal.ts'
import type { SealKeys } from '#shared/identity/seal.ts'
import type { InnerCall, LegacyInput, ListKind } from '#shared/gateway/legacy/input.ts'
import type { JsonObject } from '#shared/protocol/jsonrpc.ts'
import { handleLegacy } from '#shared/gateway/legacy/legacy.ts'

const KEYS: SealKeys = [{ kid: 'k1', secret: 'A'.repeat(43) }]
export const ALICE: Principal = { subject: 'alice', tenant: 'acme', clientId: 'c', scopes: [] }
export const BOB: Principal = { ...ALICE, subject: 'bob' }
export const STRANGER = ANONYMOUS

export interface Sent {
  method?: string
  headers?: Record<string, string | undefined>
  body?: string
  signal?: AbortSignal | undefined
}

export interface Edge {
  handle(sent: Sent, principal?: Principal): Promise<Response>
  /** Posts a message with the headers every client sends. */
  post(
    message: object,
    headers?: Sent['headers'],
    principal?: Principal,
    signal?: AbortSignal,
  ): Promise<Response>
  /** `initialize`; answers the session id. */
  open(options?: {
    version?: string
    principal?: Principal
    capabilities?: object
  }): Promise<string>
  readonly calls: InnerCall[]
  readonly deleted: Map<string, number>
  readonly background: Promise<unknown>[]
}

export const JSON_HEADERS = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
}

/** No Session object: whoever reaches for one fails the test. */
const NO_SESSIONS = () => {
  throw new Error('a Session object was touched')
}

export function createEdge(
  call: (call: InnerCall) => Response | Promise<Response> = () => new Response(null),
  {
    serverName = 'clock',
    nowSeconds = 1_800_000_000,
    lists = {} as Partial<Record<ListKind, string>>,
    capabilities = { tools: {} } as JsonObject,
    /** The one Session object there is; absent: whoever reaches for one fails the test. */
    sessions = undefined as object | undefined,
  } = {},
): Edge {
  const edge: Edge = {
    calls: [],
    deleted: new Map(),
    background: [],
    handle({ method = 'POST', headers = {}, body = '', signal }, principal = ALICE) {
      const input: LegacyInput = {
        request: new Request('https://edge.example/clock/mcp', {
          method,
          ...(signal ? { signal } : {}),
          headers: Object.entries(headers).filter(
            (entry): entry is [string, string] => entry[1] !== undefined,
          ),
        }),
        body,
        serverName,
        principal,
        server: {
          serverInfo: { name: 'clock', version: '1' },
          instructions: 'Ask for the time',
          capabilities,
          list: (kind) => Promise.resolve(lists[kind]),
        },
        call: async (inner) => {
          edge.calls.push(inner)
          return call(inner)
        },
        taskCall: () => Promise.resolve(undefined),
        sealKeys: KEYS,
        sessions: sessions ? () => sessions as ReturnType<LegacyInput['sessions']> : NO_SESSIONS,
        follow: () => Promise.resolve(undefined),
        isSessionDeleted: ({ id }) => edge.deleted.has(id),
        deleteSession: (id, untilSeconds) => {
          edge.deleted.set(id, untilSeconds)
          return Promise.resolve()
        },
        waitUntil: (promise) => {
          edge.background.push(promise)
        },
        nowSeconds,
      }
      return handleLegacy(input)
    },
    post: (message, headers = {}, principal = ALICE, signal) =>
      edge.handle(
        {
          headers: { ...JSON_HEADERS, ...headers },
          body: JSON.stringify({ jsonrpc: '2.0', ...message }),
          signal,
        },
        principal,
      ),
    async open({ version = '2025-11-25', principal = ALICE, capabilities = {} } = {}) {
      const response = await edge.post(initializeMessage(version, capabilities), {}, principal)
      return response.headers.get('mcp-session-id') ?? ''
    },
  }
  return edge
}

export const initializeMessage = (protocolVersion: string, capabilities: object = {}) => ({
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities, clientInfo: { name: 'test', version: '1' } },
})
