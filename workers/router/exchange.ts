/** One MCP request on its way: what the earlier steps found, handed to the later ones. */
import type { Caller } from './authenticate.ts'
import type { FeedStatus, ServerRecord } from './catalog-view.ts'
import type { Platform } from './platform.ts'

export interface Exchange {
  readonly request: Request
  readonly platform: Platform
  readonly ctx: ExecutionContext
  readonly caller: Caller
  readonly server: ServerRecord
  readonly feed: FeedStatus
  readonly nowSeconds: number
}
