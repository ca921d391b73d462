/** The bridge over the real Session objects, with scripted servers in place of `call`. */
import { sessionOf } from '#shared/contracts/entrypoints.ts'
import { exports } from 'cloudflare:workers'
import type { InnerCall, LegacyInput } from '#shared/gateway/legacy/input.ts'
import { handleLegacy } from '#shared/gateway/legacy/legacy.ts'
import { ANONYMOUS, type Principal } from '#shared/identity/principal.ts'
import type { SealKeys } from '#shared/identity/seal.ts'

const KEYS: SealKeys = [{ kid: 'k1', secret: 'A'.repeat(43) }]
export const ALICE: Principal = { ...ANONYMOUS, subject: 'alice', clientId: 'client' }

export interface InnerBody {
  id: string | number
  params: {
    _meta: Record<string, unknown>
    requestState?: string
    inputResponses?: Record<string, unknown>
    [key: string]: unknown
  }
}
export type Server = (body: InnerBody, call: InnerCall) => Response | Promise<Response>

export interface Options {
  principal?: Principal
  /** Aborted: the client left. */
  signal?: AbortSignal
}

export interface Client {
  post(message: object, options?: Options): Promise<Response>
  /** Comes back for the rest of a stream. */
  get(lastEventId: string, options?: Options & { sessionId?: string }): Promise<Response>
  sessionId: string
  /** DELETE of its session. */
  end(options?: Options): Promise<Response>
  /** Everything left running under waitUntil. */
  settled(): Promise<void>
  /** How often the namespace of Session objects was touched. */
  touched(): number
  /** Of the Session objects that were touched, in order. */
  readonly names: string[]
  /** Of the inner calls, in order. */
  readonly signals: AbortSignal[]
}

/** A client that said `initialize`; each POST is an invocation of its own, nothing shared. */
export async function connect(
  server: Server,
  capabilities: object,
  protocolVersion = '2025-11-25',
  owner: Principal = ALICE,
): Promise<Client> {
  const background: Promise<unknown>[] = []
  const names: string[] = []
  const deleted = new Set<string>()
  const signals: AbortSignal[] = []
  const sessions = (name: string) => {
    names.push(name)
    return sessionOf(exports.SessionObject as unknown as DurableObjectNamespace, name)
  }

  const client: Client = {
    sessionId: '',
    settled: async () => {
      await Promise.all(background)
    },
    touched: () => names.length,
    names,
    signals,
    post: (message, options = {}) =>
      handle('POST', {}, JSON.stringify({ jsonrpc: '2.0', ...message }), options),
    end: (options = {}) => handle('DELETE', {}, '', options),
    get: (lastEventId, options = {}) =>
      handle(
        'GET',
        {
          'last-event-id': lastEventId,
          ...(options.sessionId ? { 'mcp-session-id': options.sessionId } : {}),
        },
        '',
        options,
      ),
  }
  function handle(
    method: string,
    headers: Record<string, string>,
    body: string,
    { principal = owner, signal }: Options,
  ): Promise<Response> {
    const input: LegacyInput = {
      request: new Request('https://edge.example/clock/mcp', {
        method,
        ...(signal ? { signal } : {}),
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(client.sessionId ? { 'mcp-session-id': client.sessionId } : {}),
          ...headers,
        },
      }),
      body,
      serverName: 'clock',
      principal,
      server: {
        serverInfo: { name: 'clock', version: '1' },
        capabilities: { tools: {}, prompts: {} },
        list: () => Promise.resolve('[]'),
      },
      call: async (call) => {
        signals.push(call.signal)
        return server(JSON.parse(call.body) as InnerBody, call)
      },
      taskCall: () => Promise.resolve(undefined),
      sealKeys: KEYS,
      sessions,
      follow: () => Promise.resolve(undefined),
      isSessionDeleted: ({ id }) => deleted.has(id),
      deleteSession: (id) => {
        deleted.add(id)
        return Promise.resolve()
      },
      waitUntil: (promise) => {
        background.push(promise)
      },
      nowSeconds: Math.floor(Date.now() / 1000),
    }
    return handleLegacy(input)
  }
  const initialized = await client.post({
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion,
      capabilities,
      clientInfo: { name: 'test', version: '1' },
    },
  })
  client.sessionId = initialized.headers.get('mcp-session-id') ?? ''
  return client
}

export const complete = ({ id }: InnerBody, result: object): Response =>
  Response.json({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } })

export const text = (body: InnerBody, said: string): Response =>
  complete(body, { content: [{ type: 'text', text: said }] })

export const asks = ({ id }: InnerBody, keys: string[], requestState: string): Response =>
  Response.json({
    jsonrpc: '2.0',
    id,
    result: {
      resultType: 'input_required',
      requestState,
      inputRequests: Object.fromEntries(
        keys.map((key) => [
          key,
          {
            method: 'elicitation/create',
            params: {
              mode: 'form',
              message: `${key}?`,
              requestedSchema: { type: 'object', properties: {} },
            },
          },
        ]),
      ),
    },
  })
