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
} from './testing/client.ts'
export type { CallOptions } from './testing/wire.ts'
export { CallRefused, type Progress, type TestAnswer } from './testing/answer.ts'
export { type TestQuestion, type TestReply, type TestUser } from './testing/conversation.ts'
export { testServer } from './testing/contract.ts'
