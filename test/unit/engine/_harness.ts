/** A real engine, called the way the router calls it: real keys, real assertions, real requests. */
import { mintAssertion } from '#shared/identity/assertion.ts'
import type { Principal } from '#shared/identity/principal.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import type { Built } from '#shared/engine/built.ts'
import { completions } from '#shared/engine/completions.ts'
import { pin } from '#shared/engine/pin.ts'
import { attachments } from '#shared/engine/attach.ts'
import { platform } from '#shared/engine/platform.ts'
import { handles } from '#shared/engine/state.ts'
import { prompts } from '#shared/engine/prompts.ts'
import { resources } from '#shared/engine/resources.ts'
import { serve, type ServerWorker } from '#shared/engine/serve.ts'
import { decidedName } from '#shared/protocol/revisions/2026-07-28/decided-name.ts'
import { encodeHeaderValue } from '#shared/protocol/headers.ts'
import { capabilityFor, memoryPlatform } from '#shared/sdk/testing/memory-platform.ts'
import { makeTrust, nowSeconds } from '#shared/sdk/testing/trust.ts'
import { definitionsOf } from '#shared/engine/author/definitions.ts'
import { defineServer, type ServerOptions } from '#shared/engine/author/server.ts'
import type { Tool } from '#shared/engine/author/define.ts'
import {
  DECISION_HEADER,
  encodeDecision,
  PRINCIPAL_HEADER,
  type Decision,
} from '#shared/contracts/inner-wire.ts'

export const SERVER = 'notes'
export const ALICE: Principal = {
  subject: 'alice',
  tenant: 'default',
  clientId: 'client',
  scopes: ['notes:read'],
}
export const MALLORY: Principal = { ...ALICE, subject: 'mallory' }

const { trust, key } = await makeTrust()
const seal = await deriveSealKeys(`k1:${Buffer.alloc(32, 7).toString('base64url')}`, SERVER)

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
  const server = defineServer(options)
  const built = await pin(definitionsOf(server, SERVER), {
    name: SERVER,
    build: 'build-1',
    trust,
    policy: { visibility: 'public' },
  })
  const worker = serve(
    server,
    built,
    prompts,
    resources,
    completions,
    platform,
    handles,
    attachments,
  )
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

export const assertionFor = (principal: Principal, server = SERVER): Promise<string> =>
  mintAssertion(key, server, principal, nowSeconds())

async function requestOf(built: Built, sent: Sent): Promise<Request> {
  const { method = 'tools/call', params = {}, id = 1 } = sent
  const name = decidedName(method, params)
  const { tenant, subject, clientId } = sent.principal ?? ALICE
  const body = sent.body ?? JSON.stringify(messageOf({ ...sent, method, params, id }))
  const decision: Decision = {
    method,
    ...(typeof name === 'string' ? { name } : {}),
    digest: built.digest,
    seal,
    capability: await capabilityFor({ server: SERVER, tenant, subject, clientId, method }),
    ...sent.decision,
  }
  const headers = new Headers({
    'content-type': 'application/json',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': encodeHeaderValue(name) } : {}),
    [PRINCIPAL_HEADER]: await assertionFor(sent.principal ?? ALICE),
    [DECISION_HEADER]: encodeDecision(decision),
  })
  for (const [header, value] of Object.entries(sent.headers ?? {})) {
    if (value === undefined) headers.delete(header)
    else headers.set(header, value)
  }
  return new Request(`https://${SERVER}.mcp.internal/mcp`, {
    method: 'POST',
    headers,
    body,
    ...(sent.signal ? { signal: sent.signal } : {}),
  })
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
