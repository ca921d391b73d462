/**
 * The official SDK clients of both generations, behind one small interface, each
 * with the OAuth store its SDK asks for. Everything on the wire is theirs.
 */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
  UnauthorizedError as ModernUnauthorizedError,
} from '@modelcontextprotocol/client'
import { UnauthorizedError as LegacyUnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'

/** Nobody listens there: the test reads the code from the address itself. */
export const REDIRECT_URI = 'http://127.0.0.1:9/callback'

export interface StoredTokens {
  access_token: string
  refresh_token?: string
  token_type: string
}

/** What an SDK keeps between sign-ins; the shape both generations ask for. */
export class MemoryOAuthStore {
  readonly redirectUrl: string
  readonly clientMetadata
  client: unknown
  current: StoredTokens | undefined
  verifier = ''
  /** Where the person must go; set when the SDK wants a sign-in. */
  authorizationUrl: URL | undefined

  /** The SDK's requests go through it, tokens included. */
  readonly fetch: typeof globalThis.fetch
  #discovery: unknown

  constructor(redirectUrl: string = REDIRECT_URI, fetch = globalThis.fetch) {
    this.redirectUrl = redirectUrl
    this.fetch = fetch
    this.clientMetadata = {
      client_name: 'End-to-end test',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  saveDiscoveryState = (state: unknown): void => {
    this.#discovery = state
  }
  discoveryState = () => this.#discovery as never
  clientInformation = () => this.client as never
  saveClientInformation = (client: unknown): void => {
    this.client = client
  }
  tokens = () => this.current as never
  saveTokens = (tokens: unknown): void => {
    this.current = tokens as StoredTokens
  }
  redirectToAuthorization = (url: URL): void => {
    this.authorizationUrl = url
  }
  saveCodeVerifier = (verifier: string): void => {
    this.verifier = verifier
  }
  codeVerifier = (): string => this.verifier
  /** The SDK drops what the server says no longer counts. */
  invalidateCredentials = (scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void => {
    if (scope === 'all' || scope === 'client') this.client = undefined
    if (scope === 'all' || scope === 'tokens') this.current = undefined
  }
  state = (): string => 'state-of-the-client'
}

export interface CallAnswer {
  text: string
  isError: boolean
}

export interface Connection {
  readonly protocolVersion: string | undefined
  toolNames(): Promise<string[]>
  call(
    name: string,
    args: Record<string, unknown>,
    onProgress?: (progress: number) => void,
  ): Promise<CallAnswer>
  close(): Promise<void>
}

export interface SdkClient {
  readonly title: string
  readonly protocolVersion: string
  /** @param answer what the user answers to every form */
  connect(
    url: URL,
    store?: MemoryOAuthStore,
    answer?: () => Record<string, unknown>,
  ): Promise<Connection>
  /** After the sign-in: hands the answer to the SDK, which checks it and redeems the code. */
  finishSignIn(url: URL, store: MemoryOAuthStore, answer: URLSearchParams): Promise<void>
  isUnauthorized(error: unknown): boolean
}

const IDENTITY = { name: 'e2e', version: '1.0.0' }

function answerOf({ content, isError }: Record<string, unknown>): CallAnswer {
  const [first] = (content ?? []) as { text?: string }[]
  return { text: first?.text ?? '', isError: isError === true }
}

export const legacySdk: SdkClient = {
  title: '@modelcontextprotocol/sdk 1.x',
  protocolVersion: '2025-11-25',
  async connect(url, store, answer) {
    const client = new LegacyClient(IDENTITY, { capabilities: answer ? { elicitation: {} } : {} })
    if (answer) {
      client.setRequestHandler(ElicitRequestSchema, () => ({
        action: 'accept',
        content: answer() as Record<string, string>,
      }))
    }
    const transport = new LegacyTransport(
      url,
      store ? { authProvider: store, fetch: store.fetch } : {},
    )
    await client.connect(transport as never)
    return {
      protocolVersion: transport.protocolVersion,
      toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name, args, onProgress) =>
        answerOf(
          await client.callTool(
            { name, arguments: args },
            undefined,
            onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {},
          ),
        ),
      close: () => client.close(),
    }
  },
  finishSignIn: (url, store, answer) =>
    new LegacyTransport(url, { authProvider: store, fetch: store.fetch }).finishAuth(
      answer.get('code') ?? '',
    ),
  isUnauthorized: (error) => error instanceof LegacyUnauthorizedError,
}

export const modernSdk: SdkClient = {
  title: '@modelcontextprotocol/client 2.x',
  protocolVersion: '2026-07-28',
  async connect(url, store, answer) {
    const client = new ModernClient(IDENTITY, {
      capabilities: answer ? { elicitation: { form: {} } } : {},
      versionNegotiation: { mode: 'auto' },
    })
    if (answer) {
      client.setRequestHandler('elicitation/create', () => ({
        action: 'accept',
        content: answer() as Record<string, string>,
      }))
    }
    const transport = new ModernTransport(
      url,
      store ? { authProvider: store as never, fetch: store.fetch } : {},
    )
    await client.connect(transport)
    return {
      protocolVersion: client.getNegotiatedProtocolVersion(),
      toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name, args, onProgress) =>
        answerOf(
          await client.callTool(
            { name, arguments: args },
            onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {},
          ),
        ),
      close: () => client.close(),
    }
  },
  finishSignIn: (url, store, answer) =>
    new ModernTransport(url, { authProvider: store as never, fetch: store.fetch }).finishAuth(
      answer,
    ),
  isUnauthorized: (error) => error instanceof ModernUnauthorizedError,
}
