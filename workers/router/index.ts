/**
 * The router: the only public door. The life of a request, one step a file:
 *
 *   match → authenticate → decide → limit → forward → record
 *
 * Lists and discovery end at `decide`: they are answered from the snapshot.
 */
import { discardRest } from '#shared/protocol/body.ts'
import type { CatalogIndex } from '#shared/catalog/entry.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { CATALOG_NAME } from '#shared/protocol/names.ts'
import { isPassing, PASSING_RETRY_SECONDS } from '#shared/contracts/object-failure.ts'
import { handleCatalog } from './catalog-api.ts'
import { CatalogUnavailable } from '#shared/gateway/ports.ts'
import { exposeTo, preflightResponse } from './cors.ts'
import { ANSWER_HEADERS } from '#shared/protocol/answer-headers.ts'
import { homePage } from './home.ts'
import { matchPath, type Route } from './match.ts'
import { handleMcp } from '#shared/gateway/gateway.ts'
import { plainError } from '#shared/gateway/plain-error.ts'
import { configOf, type RouterConfig } from './config.ts'
import { registry } from './registry.ts'
import { resourceMetadata } from './resource-metadata.ts'

export { Internal } from './internal.ts'

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const response = await answerSafely(request, env, ctx)
    await discardRest(request)
    return response
  },
} satisfies ExportedHandler<Cloudflare.Env>

/** Never throws. */
async function answerSafely(
  request: Request,
  env: Cloudflare.Env,
  ctx: ExecutionContext,
): Promise<Response> {
  try {
    const platform = configOf(env)
    const url = new URL(request.url)
    if (url.origin === platform.publicOrigin) return await answer(request, url, platform, ctx)
    // The AS may live on an origin of its own; everything on that host is its.
    if (url.origin === platform.issuerOrigin) return await platform.oauth.fetch(request)
    return misdirected(platform)
  } catch (error) {
    if (error instanceof CatalogUnavailable) {
      const sentence = 'The catalog cannot be read right now; retry in a few seconds'
      return unavailable(sentence)
    }
    if (isPassing(error)) {
      const ref = logUnexpected('object_unavailable', error)
      return unavailable(
        `What this needs cannot be reached right now; retry in a second (ref ${ref})`,
      )
    }
    const ref = logUnexpected('router_failed', error)
    return plainError(500, 'internal_error', `Internal error (ref ${ref})`)
  }
}

function unavailable(sentence: string): Response {
  const response = plainError(503, 'unavailable', sentence)
  response.headers.set('retry-after', String(PASSING_RETRY_SECONDS))
  return response
}

async function answer(
  request: Request,
  url: URL,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  const route = matchPath(url.pathname)
  // The authorization server keeps its own CORS rules: none on pages, any origin on its API.
  if (route.kind === 'oauth') return platform.oauth.fetch(request)

  const origin = request.headers.get('Origin')
  if (origin === null) return respond(request, route, platform, ctx)
  const allowOrigin = platform.origins.allow(origin)
  if (allowOrigin === undefined) {
    return plainError(403, 'origin_not_allowed', 'This Origin may not call this platform')
  }
  if (request.method === 'OPTIONS') return preflightResponse(request, allowOrigin)
  return exposeTo(allowOrigin, await respond(request, route, platform, ctx))
}

/** What the router itself shows, whoever asks. */
type Page = Exclude<Route, { kind: 'oauth' | 'mcp' | 'catalog' }>

async function respond(
  request: Request,
  route: Exclude<Route, { kind: 'oauth' }>,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  if (route.kind === 'mcp') return handleMcp(request, route.server, platform, ctx)
  if (route.kind === 'catalog') return handleCatalog(request, route.path, platform, ctx)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isRead) return onlyRead(route)
  return readPage(route, new URL(request.url).search, platform, ctx)
}

function onlyRead(route: Page): Response {
  if (route.kind === 'unknown-well-known' || route.kind === 'not-found') return notFound()
  const response = plainError(405, 'method_not_allowed', 'Only GET and HEAD are answered here')
  response.headers.set('allow', 'GET, HEAD')
  return response
}

const notFound = (): Response =>
  plainError(404, 'not_found', 'Nothing is served here; see / for what is')

async function readPage(
  route: Page,
  query: string,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  switch (route.kind) {
    case 'resource-metadata':
      return describeResource(route.server, platform, ctx)
    case 'home':
      return homePage(platform.publicOrigin, await currentIndex(platform, ctx))
    case 'registry':
      return registry(route.path + query, platform, ctx)
    case 'health':
      return Response.json({ status: 'ok' }, { headers: ANSWER_HEADERS })
    case 'unknown-well-known':
    case 'not-found':
      return notFound()
  }
}

async function describeResource(
  name: string | undefined,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  const server = name ?? onlyServer(await currentIndex(platform, ctx))
  if (!server) {
    return plainError(404, 'not_found', 'Ask for the metadata of one server: append /<server>/mcp')
  }
  const feed = await platform.catalog.feed(ctx)
  const isServer = server !== CATALOG_NAME
  const record = isServer ? await platform.catalog.server(server, feed, ctx) : undefined
  return Response.json(resourceMetadata(platform.publicOrigin, platform.issuer, server, record), {
    headers: ANSWER_HEADERS,
  })
}

async function currentIndex(platform: RouterConfig, ctx: ExecutionContext): Promise<CatalogIndex> {
  return platform.catalog.index(await platform.catalog.feed(ctx), ctx)
}

/**
 * The root document (RFC 9728 §3) can describe one resource only, and a stranger
 * reads it: a private server is not named, not even where it is the only one.
 */
function onlyServer({ servers }: CatalogIndex): string | undefined {
  const [only, ...others] = Object.entries(servers)
  if (!only || others.length > 0) return undefined
  const [name, { policy }] = only
  return policy.visibility === 'public' ? name : undefined
}

function misdirected({ publicOrigin }: RouterConfig): Response {
  return plainError(421, 'misdirected_request', `This platform answers at ${publicOrigin}`)
}
