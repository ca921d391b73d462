/** One MCP request on its way: what the earlier steps found, handed to the later ones. */
import type { ServerOutcome } from './dispatch/inner-call.ts'
import type { TaskDecision } from '../contracts/inner-wire.ts'
import type { CalledMethod } from './decide/target.ts'
import type { Caller } from './authenticate/caller.ts'
import type { Lifetime } from '../lib/lifetime.ts'
import type { FeedStatus, ServerRecord, Gateway } from './ports.ts'

export interface McpRequest {
  readonly request: Request
  readonly gateway: Gateway
  readonly lifetime: Lifetime
  readonly caller: Caller
  /**
   * Uses the request's DPoP proof up, everywhere; `false` when it was used before.
   * One answer per request. Absent where the token is not bound to a key.
   */
  readonly claimProof?: () => Promise<boolean>
  readonly server: ServerRecord
  readonly feed: FeedStatus
  readonly nowSeconds: number
}

/** One call of a server, in the words of 2026-07-28. */
export interface ServerCall {
  readonly method: CalledMethod
  /** As `decidedName` gives it. */
  readonly name: string | undefined
  /** 2026-07-28 headers; the internal ones are added here. */
  readonly headers: Record<string, string>
  readonly body: string
  /** Ends the call; default: the client's disconnect does. */
  readonly signal?: AbortSignal
  /** Of a tool that is, or may become, a task. */
  readonly task?: TaskDecision
  /** The answer is the client's, and nothing in this isolate reads it. */
  readonly unread?: boolean
}

/** What a server made of a call, and of which revision it was asked. */
export interface Dispatched {
  readonly server: ServerRecord
  readonly outcome: ServerOutcome
}
