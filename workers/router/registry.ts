/** `/v0.1/*`: the read API of the official MCP Registry, made where the catalog is searched. */
import { searchOf } from '#shared/contracts/entrypoints.ts'
import { ANSWER_HEADERS } from '#shared/gateway/forward.ts'
import { REGISTRY_MAX_AGE_SECONDS } from '#shared/gateway/limits.ts'
import type { Platform } from './config.ts'

/** @param path behind `/v0.1`, query included */
export async function registry(
  path: string,
  { catalog, publicOrigin, search }: Platform,
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
