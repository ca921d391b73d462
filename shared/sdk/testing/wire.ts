/** What a client of each era can do: the seam between the test client and its two wires. */
import type { ListKind } from '../../gateway/legacy/input.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import type { Progress } from './answer.ts'
import type { Listener, TestUser } from './conversation.ts'
import type { MemoryGateway } from './memory-gateway.ts'
import type { TestedServer } from './tested-server.ts'

export interface CallOptions {
  /** Aborting it is what a client does that goes away. */
  signal?: AbortSignal
  /** Called as progress is reported; `TestAnswer.progress` has all of it in the end. */
  onProgress?: (progress: Progress) => void
}

export interface Connection {
  readonly tested: TestedServer
  readonly gateway: MemoryGateway
  readonly user: TestUser
}

/** A result, and what was told on the way to it. */
export interface Heard {
  readonly result: JsonObject
  readonly heard: Listener
}

export interface Wire {
  /** @throws CallRefused */
  request(method: string, params: JsonObject, options: CallOptions): Promise<Heard>
  /** The array a list answers with. */
  list(kind: ListKind): Promise<unknown>
}
