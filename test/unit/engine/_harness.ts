/** A real engine, called the way the gateway calls it: real keys, real assertions, real requests. */
import type { Principal } from '#shared/identity/principal.ts'
import type { Built } from '#shared/engine/built.ts'
import type { ServerWorker } from '#shared/engine/serve.ts'
import { decidedName } from '#shared/protocol/revisions/2026-07-28/decided-name.ts'
import { assertionFor, innerRequest } from '#shared/sdk/testing/inner-request.ts'
import { memoryPlatform } from '#shared/sdk/testing/memory-platform.ts'
import { startServer as startTested, TESTED_NAME } from '#shared/sdk/testing/tested-server.ts'
import type { ServerOptions } from '#shared/engine/author/server.ts'
import type { Tool } from '#shared/engine/author/define.ts'
import type { Decision } from '#shared/contracts/inner-wire.ts'

export const SERVER = TESTED_NAME
export { assertionFor }
export const ALICE: Principal = {
  subject: 'alice',
  tenant: 'default',
  clientId: 'client',
  scopes: ['notes:read'],
}
export const MALLORY: Principal = { ...ALICE, subject: 'mallory' }

export interface Sent {
  method?: string
  params?: Record<string, unknown>
  principal?: Principal
  capabilities?: Record<string, unknown>
  meta?: Record<string, unknown>
  id?: string | number
  decision?: Partial<Decision>
  headers?: Record<string, string | undefined>
  body?: string
  signal?: AbortSignal
  env?: object
}

export interface Engine {
  built: Built
  worker: ServerWorker
  /** One request as the router sends it; `sent` overrides any part of it. */
  request(sent: Sent): Promise<Request>
  send(sent: Sent): Promise<Response>
  /** `tools/call` → the JSON-RPC message. */
  call(tool: string, args?: object, sent?: Sent): Promise<Message>
}

export interface Message {
  id: unknown
  result: {
    resultType: string
    content: { type: string; text: string }[]
    structuredContent?: unknown
    isError?: boolean
    inputRequests: Record<string, { method: string; params: Record<string, unknown> }>
    requestState: string
    _meta: Record<string, unknown>
  }
  error: { code: number; message: string; data?: Record<string, unknown> }
}

export const startEngine = (tools: Record<string, Tool>): Promise<Engine> => startServer({ tools })

/** With every feature, whether the server uses it or not. */
export async function startServer(options: ServerOptions): Promise<Engine> {
  const { built, worker } = await startTested(options, { policyFile: { visibility: 'public' } })
  const send = async (sent: Sent): Promise<Response> =>
    worker.fetch(await requestOf(built, sent), {
      PLATFORM: memoryPlatform,
      ...sent.env,
    } as unknown as Cloudflare.Env)
  return {
    built,
    worker,
    request: (sent) => requestOf(built, sent),
    send,
    async call(tool, args, sent = {}) {
      const params = { name: tool, ...(args ? { arguments: args } : {}), ...sent.params }
      const response = await send({ ...sent, method: 'tools/call', params })
      return (await response.json()) as Message
    },
  }
}

function requestOf({ digest }: Built, sent: Sent): Promise<Request> {
  const { method = 'tools/call', params = {}, id = 1, signal, headers, decision } = sent
  const name = decidedName(method, params)
  const body = sent.body ?? JSON.stringify(messageOf({ ...sent, method, params, id }))
  const asked = { method, name: typeof name === 'string' ? name : undefined, body, signal }
  const replaced = { ...(headers ? { headers } : {}), ...(decision ? { decision } : {}) }
  return innerRequest(digest, sent.principal ?? ALICE, asked, replaced)
}

const messageOf = ({ method, params, id, capabilities, meta }: Sent): object => ({
  jsonrpc: '2.0',
  id,
  method,
  params: {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities ?? { elicitation: {} },
      ...meta,
    },
  },
})

/** The messages of an event stream, in order, to its end. */
export async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((event) => event.includes('data: '))
    .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)) as Record<string, unknown>)
}

/** The text a call answered with. */
export const textOf = ({ result }: Message): string | undefined => result.content[0]?.text
