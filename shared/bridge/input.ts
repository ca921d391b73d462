/** What the bridge is given for one request of a 2025 client, and what it may do with it. */
import type { Principal } from '../auth/principal.ts'
import type { SealKeys } from '../auth/seal.ts'
import type { ServerInfo } from '../protocol/2026-07-28/results.ts'

/** One 2026-07-28 request the bridge wants made on behalf of the caller. */
export interface InnerCall {
  readonly method: 'tools/call'
  /** For `Mcp-Name`. */
  readonly name: string
  readonly body: string
  /** Ends the call. It does not follow the client's connection: in 2025 a disconnect is no cancel. */
  readonly signal: AbortSignal
}

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
    /** JSON text of the array of tools, as 2026-07-28 lists them; asked for by `tools/list` alone. */
    toolsJson(): Promise<string>
  }
  /**
   * Decides and forwards one call. Answers the 2026-07-28 wire (JSON or SSE), or
   * the router's own refusal (401, 403, 429, 502, 503 …), which passes unchanged.
   */
  call(call: InnerCall): Promise<Response>
  /** For session ids alone. */
  readonly sealKeys: SealKeys
  readonly sessions: DurableObjectNamespace
  isSessionDeleted(sessionId: string): boolean
  deleteSession(sessionId: string, untilSeconds: number): Promise<void>
  waitUntil(promise: Promise<unknown>): void
  readonly nowSeconds: number
}
