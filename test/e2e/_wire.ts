/**
 * Requests as bytes: any header twice, any Host, any body, announced or chunked.
 * `fetch` would correct what these tests are about.
 */
import { request, type Agent, type IncomingHttpHeaders } from 'node:http'

export interface Sent {
  method?: string
  path: string
  /** An array sends the header more than once; `undefined` leaves it out. */
  headers?: Record<string, string | string[] | undefined>
  /** Pieces are sent chunked, without a length. */
  body?: string | Uint8Array[]
}

export interface Got {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** The JSON body, or the last message of an event stream. */
  message: Message
}

/** As much of a JSON-RPC or OAuth answer as tests look at. */
export interface Message {
  jsonrpc?: string
  id?: string | number | null
  method?: string
  params?: Record<string, unknown>
  result?: {
    content?: { type: string; text: string }[]
    structuredContent?: Record<string, unknown>
    isError?: boolean
    tools?: { name: string; description: string }[]
    resultType?: string
    [key: string]: unknown
  }
  error?: { code: number; message: string; data?: unknown }
  error_description?: string
}

/** @param agent default: a connection of its own */
export function send(
  origin: string,
  { method = 'POST', path, headers, body }: Sent,
  agent: Agent | false = false,
): Promise<Got> {
  const { port, host } = new URL(origin)
  const set = Object.entries({ host, ...headers }).filter(([, value]) => value !== undefined)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent,
        headers: Object.fromEntries(set) as Record<string, string | string[]>,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const { statusCode = 0, headers: received } = incoming
          resolve({
            status: statusCode,
            headers: received,
            text,
            get message() {
              return messagesOf(text).at(-1) ?? {}
            },
          })
        })
      },
    )
    outgoing.on('error', reject)
    if (typeof body === 'string') outgoing.setHeader('content-length', Buffer.byteLength(body))
    if (Array.isArray(body)) for (const chunk of body) outgoing.write(chunk)
    outgoing.end(typeof body === 'string' ? body : undefined)
  })
}

/** Every message of an answer, JSON or event stream, in order. */
export function messagesOf(text: string): Message[] {
  if (text === '') return []
  if (text.startsWith('{')) return [JSON.parse(text) as Message]
  return (
    text
      .split('\n')
      // A priming event carries an id alone.
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice('data: '.length)) as Message)
  )
}

const ACCEPT = 'application/json, text/event-stream'

/** What both eras send beside their own headers. */
export const jsonHeaders = (token?: string): Record<string, string> => ({
  'content-type': 'application/json',
  accept: ACCEPT,
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
})

export interface Wire {
  headers: Record<string, string>
  body: string
}

export const MODERN = '2026-07-28'
export const LEGACY = '2025-11-25'

export const modernMeta = (version = MODERN, capabilities = {}): Record<string, unknown> => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
})

/** A well-formed 2026-07-28 request. */
export function modern(
  method: string,
  params: Record<string, unknown> = {},
  { token, id = 1 }: { token?: string | undefined; id?: number | string } = {},
): Wire {
  const name = params['name'] ?? params['uri']
  return {
    headers: {
      ...jsonHeaders(token),
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method,
      params: { _meta: modernMeta(), ...params },
    }),
  }
}

/** A well-formed 2025-11-25 request without a session. */
export function legacy(
  method: string,
  params: Record<string, unknown> = {},
  { token, id = 1 }: { token?: string | undefined; id?: number | string } = {},
): Wire {
  return {
    headers: { ...jsonHeaders(token), 'mcp-protocol-version': LEGACY },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
  }
}
