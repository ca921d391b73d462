/** What a list is made from: the catalog as it is now, not as it was when the request came in. */
import type { ServerRecord } from '../../workers/router/catalog/catalog-view.ts'
import type { Exchange } from './exchange.ts'
import { LIST_FEED_MAX_AGE_MS } from './limits.ts'

/** Lists want a younger feed than calls do: what was just published must show. */
export async function freshServer({
  platform,
  server,
  ctx,
  caller,
}: Exchange): Promise<ServerRecord> {
  await platform.catalog.checkRebuild(server, ctx)
  const feed = await platform.catalog.feed(ctx, LIST_FEED_MAX_AGE_MS)
  return (await platform.catalog.server(server.name, feed, ctx, caller.principal)) ?? server
}
