/**
 * All an author's tests may import. Never part of a Worker: it brings keys, a
 * client of both eras and vitest along.
 */
export {
  createTestClient,
  type TestClient,
  type TestClientOptions,
  type TestPrompt,
  type TestResource,
} from './client.ts'
export type { CallOptions } from './wire.ts'
export { CallRefused, type Progress, type TestAnswer } from './answer.ts'
export { type TestQuestion, type TestReply, type TestUser } from './conversation.ts'
export { testServer } from './contract.ts'
