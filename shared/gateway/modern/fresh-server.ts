/** What a list is made from: the catalog as it is now, not as it was when the request came in. */
import type { ServerRecord } from '../ports.ts'
import type { McpRequest } from '../mcp-request.ts'
import { LIST_FEED_MAX_AGE_MS } from '../limits.ts'

/** Lists want a younger feed than calls do: what was just published must show. */
export async function freshServer({
  gateway,
  server,
  lifetime,
  caller,
}: McpRequest): Promise<ServerRecord> {
  await gateway.catalog.checkRebuild(server, lifetime)
  const feed = await gateway.catalog.feed(lifetime, LIST_FEED_MAX_AGE_MS)
  return (await gateway.catalog.server(server.name, feed, lifetime, caller.principal)) ?? server
}
