/** What the bridge is given for one request of a 2025 client, and what it may do with it. */
import type { Session } from '../../contracts/sessions.ts'
import type { ObjectStub } from '../ports.ts'
import type { Principal } from '../../identity/principal.ts'
import type { SealKeys } from '../../identity/seal.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import type { ServerInfo } from '../../protocol/revisions/2026-07-28/results.ts'
import type { TaskCall } from '../../contracts/tasks.ts'
import type { LegacySession } from './session-id.ts'

/** Calls of both eras that a server answers. */
export type InnerMethod =
  'tools/call' | 'prompts/get' | 'resources/read' | 'resources/list' | 'completion/complete'

/** One 2026-07-28 request the bridge wants made on behalf of the caller. */
export interface InnerCall {
  readonly method: InnerMethod
  /** As `decidedName` gives it. */
  readonly name: string | undefined
  readonly body: string
  /** Ends the call; its reason is `CANCELLED` (live-run.ts) where the client said so. It does not follow the client's connection: in 2025 a disconnect is no cancel. */
  readonly signal: AbortSignal
}

export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

export interface LegacyInput {
  /** Headers and method; its body was read already. */
  readonly request: Request
  /** Bounded by the router; empty for GET and DELETE. */
  readonly body: string
  readonly serverName: string
  /** Verified; ANONYMOUS on public servers. */
  readonly principal: Principal
  /** As this principal may see it. */
  readonly server: {
    readonly serverInfo: ServerInfo
    readonly instructions?: string | undefined
    /** What it has something of; a method of any other capability is not found. */
    readonly capabilities: JsonObject
    /**
     * JSON text of the array, as 2026-07-28 lists it; asked for by lists alone.
     * `undefined`: only the server itself can say (`resources/list`).
     */
    list(kind: ListKind): Promise<string | undefined>
  }
  /**
   * Decides and forwards one call. Answers the 2026-07-28 wire (JSON or SSE), or
   * the router's own refusal (401, 403, 429, 502, 503 …), which passes unchanged.
   */
  call(call: InnerCall): Promise<Response>
  /** The call that a task of this caller's looks like; `undefined`: there is no such task. */
  taskCall(taskId: string): Promise<TaskCall | undefined>
  /** For session ids alone. */
  readonly sealKeys: SealKeys
  sessions(name: string): ObjectStub<Session>
  /** Follows a resource, or no longer. @returns the refusal, if it may not */
  follow(
    session: LegacySession,
    id: RequestId,
    uri: string,
    isFollowed: boolean,
  ): Promise<Response | undefined>
  /** Deleted, or opened before the feed lost what was deleted. */
  isSessionDeleted(session: LegacySession): boolean
  deleteSession(sessionId: string, untilSeconds: number): Promise<void>
  waitUntil(promise: Promise<unknown>): void
  readonly nowSeconds: number
  /** One item of a batch: its answer shares a stream with others, so that stream cannot be resumed. */
  readonly inBatch?: true
}
