/** `/v0.1/*`: the read API of the official MCP Registry, made where the catalog is searched. */
import { searchOf } from '#shared/catalog/search/search-contract.ts'
import { ANSWER_HEADERS } from '#shared/protocol/answer-headers.ts'
import { REGISTRY_MAX_AGE_SECONDS } from '#shared/gateway/limits.ts'
import type { RouterConfig } from './config.ts'

/** @param path behind `/v0.1`, query included */
export async function registry(
  path: string,
  { catalog, publicOrigin, search }: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  const { version } = await catalog.index(await catalog.feed(ctx), ctx)
  const { status, body } = await searchOf(search).registry(path, publicOrigin, version)
  const headers = {
    ...ANSWER_HEADERS,
    'cache-control': `public, max-age=${REGISTRY_MAX_AGE_SECONDS}`,
  }
  return Response.json(body, { status, headers })
}
