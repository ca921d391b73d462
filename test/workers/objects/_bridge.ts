/** The bridge over the real Session objects, with scripted servers in place of `call`. */
import { exports } from 'cloudflare:workers'
import type { InnerCall, LegacyInput } from '#shared/bridge/input.ts'
import { handleLegacy } from '#shared/bridge/legacy.ts'
import { ANONYMOUS, type Principal } from '#shared/auth/principal.ts'
import type { SealKeys } from '#shared/auth/seal.ts'

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

export interface Client {
  post(message: object, options?: { principal?: Principal }): Promise<Response>
  sessionId: string
  /** Everything left running under waitUntil. */
  settled(): Promise<void>
  /** How often the namespace of Session objects was touched. */
  touched(): number
}

/** A client that said `initialize`; each POST is an invocation of its own, nothing shared. */
export async function connect(server: Server, capabilities: object): Promise<Client> {
  const background: Promise<unknown>[] = []
  let touches = 0
  const sessions = {
    getByName(name: string) {
      touches++
      return exports.SessionObject.getByName(name)
    },
  } as unknown as DurableObjectNamespace

  const client: Client = {
    sessionId: '',
    settled: async () => {
      await Promise.all(background)
    },
    touched: () => touches,
    post: (message, { principal = ALICE } = {}) => {
      const input: LegacyInput = {
        request: new Request('https://edge.example/clock/mcp', {
          method: 'POST',
          headers: {
            accept: 'application/json, text/event-stream',
            'content-type': 'application/json',
            ...(client.sessionId ? { 'mcp-session-id': client.sessionId } : {}),
          },
        }),
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
        serverName: 'clock',
        principal,
        server: {
          serverInfo: { name: 'clock', version: '1' },
          capabilities: { tools: {}, prompts: {} },
          list: () => Promise.resolve('[]'),
        },
        call: async (call) => server(JSON.parse(call.body) as InnerBody, call),
        sealKeys: KEYS,
        sessions,
        follow: () => Promise.resolve(undefined),
        isSessionDeleted: () => false,
        deleteSession: () => Promise.resolve(),
        waitUntil: (promise) => {
          background.push(promise)
        },
        nowSeconds: Math.floor(Date.now() / 1000),
      }
      return handleLegacy(input)
    },
  }
  const initialized = await client.post({
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
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

export interface Message {
  id?: string | number
  method?: string
  params?: Record<string, unknown>
  result?: { isError?: boolean; content: { text: string }[]; [key: string]: unknown }
  error?: { code: number; message: string }
}

/** Reads the messages of a stream one by one; `undefined` at its end. */
export function messagesOf(response: Response): () => Promise<Message | undefined> {
  if (!response.body) throw new Error('no stream')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let buffered = ''
  return async function next() {
    for (;;) {
      const end = buffered.indexOf('\n\n')
      if (end >= 0) {
        const data = /^data: (.*)$/m.exec(buffered.slice(0, end))?.[1]
        buffered = buffered.slice(end + 2)
        if (data !== undefined) return JSON.parse(data) as Message
        continue
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      buffered += value
    }
  }
}
