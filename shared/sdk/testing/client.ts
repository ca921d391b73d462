/**
 * `createTestClient`: calls a server's tools in memory, the way a client of either
 * era reaches them in production: through the real gateway and the real engine.
 * No network, no workerd, milliseconds.
 */
import type { Policy } from '../../catalog/entry.ts'
import type { Tuning } from '../../catalog/tuning.ts'
import type { Limiter } from '../../gateway/ports.ts'
import { ANONYMOUS, type Principal } from '../../identity/principal.ts'
import type { ServerOptions } from '../../engine/author/server.ts'
import type { ListKind } from '../../gateway/legacy/input.ts'
import type { PromptMessage } from '../../engine/author/prompt.ts'
import { answerFrom, type TestAnswer } from './answer.ts'
import type { TestUser } from './conversation.ts'
import { connectLegacy } from './legacy-client.ts'
import type { TestServices } from './memory-connections.ts'
import { memoryPlatformLinkedTo } from './memory-platform.ts'
import { connectModern } from './modern-client.ts'
import { MemoryGateway } from './memory-gateway.ts'
import { startServer } from './tested-server.ts'
import type { CallOptions, Connection, Wire } from './wire.ts'

/** `modern`: MCP 2026-07-28. `legacy`: 2025-11-25, with a session. */
export type Era = 'modern' | 'legacy'

export interface TestClientOptions extends TestUser {
  /** Default `modern`. */
  era?: Era
  /** Who calls; what is left out is of a signed-in test user without scopes. */
  principal?: Partial<Principal>
  /** The caller's scopes; short for `principal: { scopes }`. */
  scopes?: readonly string[]
  /** The Worker's bindings, as far as the tools use them. */
  env?: object
  /** The server's policy, as an operator would set it: `visibility`, `rules`, `strict` … */
  policy?: Partial<Policy>
  /** Words an operator changed, and aliases of tools. */
  overrides?: Tuning
  /** Who may call how often; default: everybody, as often as they like. */
  limiter?: Limiter
  /** Accounts the caller has linked, by service: each answers the tools' requests. */
  connections?: TestServices
}

/** One tool as `tools/list` shows it. */
export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: Record<string, unknown>
  readonly [key: string]: unknown
}

export interface TestPrompt {
  /** The text of the messages, one under the other. */
  readonly text: string
  readonly messages: readonly PromptMessage[]
}

export interface TestResource {
  /** The text of the contents, one under the other. */
  readonly text: string
  readonly contents: readonly { uri: string; mimeType?: string; text?: string; blob?: string }[]
}

/** Each rejects with CallRefused when the request does not reach its handler, e.g. for a missing scope. */
export interface TestClient {
  call(tool: string, args?: Record<string, unknown>, options?: CallOptions): Promise<TestAnswer>
  getPrompt(name: string, args?: Record<string, string>): Promise<TestPrompt>
  readResource(uri: string): Promise<TestResource>
  listTools(): Promise<ListedTool[]>
  /** Any list, as the client sees it. */
  list(kind: ListKind): Promise<{ name: string; [key: string]: unknown }[]>
}

const TEST_USER: Principal = { ...ANONYMOUS, subject: 'test-user', clientId: 'test-client' }

/**
 * @param server `{ tools: { name: tool } }`, or what `server.ts` exports by default
 * @throws TypeError with the remedy, for a server that could not be built either
 */
export async function createTestClient(
  server: ServerOptions,
  options: TestClientOptions = {},
): Promise<TestClient> {
  const { era = 'modern', principal, scopes, connections, overrides, ...rest } = options
  const { env: bindings = {}, policy, limiter, ...user } = rest
  const linked = connections && { PLATFORM: memoryPlatformLinkedTo(connections) }
  const env = { ...linked, ...bindings }
  const tested = await startServer(server, { overrides })
  const caller = { ...TEST_USER, ...principal, ...(scopes ? { scopes } : {}) }
  const gateway = new MemoryGateway({ tested, principal: caller, env, policy, limiter })
  const connection: Connection = { tested, gateway, user }
  return clientOver(era === 'modern' ? connectModern(connection) : await connectLegacy(connection))
}

function clientOver(wire: Wire): TestClient {
  return {
    async call(name, args, options = {}) {
      const params = { name, ...(args ? { arguments: args } : {}) }
      const { result, heard } = await wire.request('tools/call', params, options)
      return answerFrom(result, heard)
    },
    async getPrompt(name, args = {}) {
      const { result } = await wire.request('prompts/get', { name, arguments: args }, {})
      const messages = result['messages'] as PromptMessage[]
      return { messages, text: textOf(messages.map(({ content }) => content)) }
    },
    async readResource(uri) {
      const { result } = await wire.request('resources/read', { uri }, {})
      const contents = result['contents'] as TestResource['contents']
      return { contents, text: textOf(contents) }
    },
    listTools: async () => (await wire.list('tools')) as ListedTool[],
    list: async (kind) => (await wire.list(kind)) as { name: string }[],
  }
}

const textOf = (parts: readonly object[]): string =>
  parts.flatMap((part) => ('text' in part ? [String(part.text)] : [])).join('\n')
