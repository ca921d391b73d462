/** One MCP request on its way: what the earlier steps found, handed to the later ones. */
import type { Caller } from './authenticate.ts'
import type { FeedStatus, ServerRecord } from '../../workers/router/catalog/catalog-view.ts'
import type { Platform } from '../../workers/router/config.ts'

export interface Exchange {
  readonly request: Request
  readonly platform: Platform
  readonly ctx: ExecutionContext
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
