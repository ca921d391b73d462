/** Open streams of both eras, read message by message; and the objects' own hub, to publish to it. */
import { hubsOf, type Rpc } from '#shared/contracts/entrypoints.ts'
import { definitionsDigest } from '#shared/catalog/digest.ts'
import type { Definitions } from '#shared/catalog/entry.ts'
import { publish, type Notice } from '#shared/contracts/hub-publish.ts'
import type { Catalog } from '#shared/catalog/contract.ts'
import type { Platform } from './_platform.ts'

export interface Message {
  id?: string | number
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { code: number; message: string }
}

export interface OpenStream {
  readonly status: number
  readonly headers: Headers
  /** Messages so far. */
  readonly messages: Message[]
  /** Methods so far, `result` for a response. */
  methods(): string[]
  /** Of each event that has one. */
  readonly ids: string[]
  /** The text as it came. */
  text(): string
  readonly ended: Promise<void>
  close(): void
}

export async function openStream(url: URL, init: RequestInit): Promise<OpenStream> {
  const abort = new AbortController()
  const response = await fetch(url, { ...init, signal: abort.signal })
  const messages: Message[] = []
  const ids: string[] = []
  let text = ''
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const events = (rest + chunk).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = /^data: (.+)$/m.exec(event)?.[1]
        const id = /^id: (.+)$/m.exec(event)?.[1]
        if (id !== undefined) ids.push(id)
        if (data !== undefined) messages.push(JSON.parse(data) as Message)
      }
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    messages,
    methods: () => messages.map(({ method }) => method ?? 'result'),
    ids,
    text: () => text,
    ended: read().catch(() => undefined),
    close: () => abort.abort(),
  }
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

export interface ListenOptions {
  readonly id?: string | number
  readonly token?: string
  readonly meta?: Record<string, unknown>
}

/** `subscriptions/listen` as a 2026 client sends it. */
export function listen(
  url: URL,
  notifications: unknown,
  { id = 'listen-1', token, meta = {} }: ListenOptions = {},
): Promise<OpenStream> {
  return openStream(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'subscriptions/listen',
      params: { _meta: { ...META, ...meta }, notifications },
    }),
  })
}

/** Publishes as a part of the platform does. */
export async function publishTo(
  platform: Platform,
  server: string,
  ...notices: Notice[]
): Promise<boolean> {
  const env = (await platform.worker('mcp-edge-objects').getEnv()) as {
    HUB: DurableObjectNamespace
  }
  return publish(hubsOf(env.HUB), server, notices)
}

/** Publishes other definitions of a server than it has, as its redeploy would. */
export async function changeCatalog(
  platform: Platform,
  server: string,
  change: (old: Definitions) => Definitions,
): Promise<void> {
  const env = (await platform.worker('mcp-edge-router').getEnv()) as {
    CATALOG: DurableObjectNamespace
  }
  const catalog = env.CATALOG.getByName('catalog') as unknown as Rpc<Catalog>
  const index = await catalog.index()
  const entry = await catalog.entry(server, index?.servers[server]?.digest ?? '')
  if (!entry) throw new Error(`${server} is not in the catalog`)
  const definitions = change(entry.definitions)
  const digest = await definitionsDigest(definitions)
  const published = await catalog.publish(server, { definitions, digest, build: digest })
  if (!published.ok) throw new Error(published.failure.detail)
}

/** Calls a tool as a 2026 client does. @throws Error when the call failed */
export async function callTool(
  url: URL,
  name: string,
  args: Record<string, unknown>,
  token?: string,
  send: typeof fetch = fetch,
): Promise<void> {
  const response = await send(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'call',
      method: 'tools/call',
      params: { _meta: META, name, arguments: args },
    }),
  })
  const text = await response.text()
  if (!response.ok || !text.includes('"told"')) throw new Error(`${response.status} ${text}`)
}
