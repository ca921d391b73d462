/**
 * `createTestClient`: calls a server's tools in memory, the way a client of either
 * era reaches them in production: through the real engine and, for 2025-11-25,
 * the real bridge. No network, no workerd, milliseconds.
 */
import { ANONYMOUS, type Principal } from '../auth/principal.ts'
import type { ServerOptions } from '../tool/server.ts'
import type { TestAnswer, Progress } from './answer.ts'
import type { Elicit } from './conversation.ts'
import { connectLegacy } from './legacy-client.ts'
import { connectModern } from './modern-client.ts'
import { startServer, type TestedServer } from './router.ts'

/** `modern`: MCP 2026-07-28. `legacy`: 2025-11-25, with a session. */
export type Era = 'modern' | 'legacy'

export interface TestClientOptions {
  /** Default `modern`. */
  era?: Era
  /** Who calls; what is left out is of a signed-in test user without scopes. */
  principal?: Partial<Principal>
  /** The caller's scopes; short for `principal: { scopes }`. */
  scopes?: readonly string[]
  /** The Worker's bindings, as far as the tools use them. */
  env?: object
  /** Answers questions to the user. Without it the client says that it cannot ask anybody. */
  elicit?: Elicit
}

export interface CallOptions {
  /** Aborting it is what a client does that goes away. */
  signal?: AbortSignal
  /** Called as progress is reported; {@link TestAnswer.progress} has all of it in the end. */
  onProgress?: (progress: Progress) => void
}

/** One tool as `tools/list` shows it. */
export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: Record<string, unknown>
  readonly [key: string]: unknown
}

export interface TestClient {
  /** @throws CallRefused when the call does not reach the tool, e.g. for a missing scope */
  call(tool: string, args?: Record<string, unknown>, options?: CallOptions): Promise<TestAnswer>
  listTools(): Promise<ListedTool[]>
}

/** What a client of one era needs. */
export interface Connection {
  readonly tested: TestedServer
  readonly principal: Principal
  readonly env: object
  readonly elicit: Elicit | undefined
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
  const { era = 'modern', principal, scopes, env = {}, elicit } = options
  const connection: Connection = {
    tested: await startServer(server),
    principal: { ...TEST_USER, ...principal, ...(scopes ? { scopes } : {}) },
    env,
    elicit,
  }
  return era === 'modern' ? connectModern(connection) : connectLegacy(connection)
}
