/**
 * A 2025 client that does what the test says and nothing of its own: no GET stream,
 * no reconnection. Where a real client's behaviour matters, tests use the SDK 1.x.
 */
import { eventsOf, type SseEvent } from '../_sse.ts'
import { jsonHeaders } from './_wire.ts'

export interface OpenStream {
  next(): Promise<SseEvent | undefined>
  /** Cuts the connection. */
  leave(): void
}

export interface ClientOptions {
  capabilities?: object
  version?: string
  token?: string
  /** Where its requests go; default: over the network to the first router. */
  fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

export class LegacyClient {
  readonly #url: URL
  readonly #version: string
  readonly #token: string | undefined
  readonly #fetch: NonNullable<ClientOptions['fetch']>
  sessionId = ''

  constructor(
    url: URL,
    { version = '2025-11-25', token, fetch: send = fetch }: ClientOptions = {},
  ) {
    this.#fetch = send
    this.#url = url
    this.#version = version
    this.#token = token
  }

  /** `initialize` and what follows it. */
  static async open(url: URL, options: ClientOptions = {}): Promise<LegacyClient> {
    const client = new LegacyClient(url, options)
    const response = await client.post({
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: options.version ?? '2025-11-25',
        capabilities: options.capabilities ?? {},
        clientInfo: { name: 'test', version: '1' },
      },
    })
    client.sessionId = response.headers.get('mcp-session-id') ?? ''
    await response.body?.cancel()
    await client.post({ method: 'notifications/initialized' })
    return client
  }

  /** The same session by another way. */
  via(send: NonNullable<ClientOptions['fetch']>): LegacyClient {
    const other = new LegacyClient(this.#url, {
      version: this.#version,
      fetch: send,
      ...(this.#token === undefined ? {} : { token: this.#token }),
    })
    other.sessionId = this.sessionId
    return other
  }

  post(message: object, signal?: AbortSignal): Promise<Response> {
    return this.#fetch(this.#url, {
      method: 'POST',
      headers: this.#headers(),
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      signal: signal ?? null,
    })
  }

  get(lastEventId: string, signal?: AbortSignal): Promise<Response> {
    return this.#fetch(this.#url, {
      headers: { ...this.#headers(), accept: 'text/event-stream', 'last-event-id': lastEventId },
      signal: signal ?? null,
    })
  }

  delete(): Promise<Response> {
    return this.#fetch(this.#url, { method: 'DELETE', headers: this.#headers() })
  }

  callTool(name: string, args: object = {}, id: string | number = 1): Promise<OpenStream> {
    const params = { name, arguments: args, _meta: { progressToken: id } }
    return this.#stream((signal) => this.post({ id, method: 'tools/call', params }, signal))
  }

  /** Comes back for the rest of a stream. */
  resume(lastEventId: string | undefined): Promise<OpenStream> {
    return this.#stream((signal) => this.get(lastEventId ?? '', signal))
  }

  async #stream(send: (signal: AbortSignal) => Promise<Response>): Promise<OpenStream> {
    const leaving = new AbortController()
    const response = await send(leaving.signal)
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      throw new Error(`no stream: ${response.status} ${await response.text()}`)
    }
    const next = eventsOf(response)
    return {
      // A connection that broke is one that ended: both are for the client to come back from.
      next: () => next().catch(() => undefined),
      leave: () => leaving.abort(),
    }
  }

  #headers(): Record<string, string> {
    return {
      ...jsonHeaders(this.#token),
      'mcp-protocol-version': this.#version,
      ...(this.sessionId ? { 'mcp-session-id': this.sessionId } : {}),
    }
  }
}
