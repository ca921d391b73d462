/**
 * `/catalog/*`: a resource of its own, with tokens of its own audience. Here: who
 * calls and whether they may administer; what they asked for is done by the
 * Catalog (durable-objects/catalog/api.ts), which is told who did it: subject and tenant.
 */
import { challengeResponse } from '#shared/identity/challenge.ts'
import { ADMIN_SCOPE, isOperator, operatorEntry } from '#shared/identity/operators.ts'
import type { Principal } from '#shared/identity/principal.ts'
import { CATALOG_NAME, isServerName } from '#shared/protocol/names.ts'
import { ACTOR_HEADER, catalogOf } from '#shared/catalog/contract.ts'
import { isRevoked } from '#shared/catalog/readers/feed-local.ts'
import { searchOf } from '#shared/catalog/search/search-contract.ts'
import { unauthorized } from '#shared/gateway/authenticate/auth-failure.ts'
import type { Authenticated, AuthFailure } from '#shared/gateway/authenticate/caller.ts'
import { readBounded } from '#shared/gateway/dispatch/bounded-body.ts'
import { withDpopNonce } from '#shared/gateway/authenticate/dpop-nonce.ts'
import { ANSWER_HEADERS } from '#shared/protocol/answer-headers.ts'
import { ADMIN_BODY_MAX_BYTES, SEARCH_HITS } from '#shared/gateway/limits.ts'
import { resourceMetadataUrlOf, resourceOf } from '#shared/gateway/resource-uri.ts'
import { plainError } from '#shared/gateway/plain-error.ts'
import type { RouterConfig } from './config.ts'
import { claimOnce } from '#shared/gateway/decide/replay.ts'

/** @param path of the URL behind `/catalog` */
export async function handleCatalog(
  request: Request,
  path: string,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const response = await answer(request, path, platform, ctx, nowSeconds)
  return withDpopNonce(request, response, platform, nowSeconds)
}

async function answer(
  request: Request,
  path: string,
  platform: RouterConfig,
  ctx: ExecutionContext,
  nowSeconds: number,
): Promise<Response> {
  const signedIn = await signIn(request, platform, ctx, nowSeconds)
  if (signedIn instanceof Response) return signedIn
  const { principal } = signedIn.caller
  if (path === '/search') return search(request, principal, platform, ctx)
  if (!principal.scopes.includes(ADMIN_SCOPE) || !isOperator(principal, platform.operators)) {
    return notOperator(principal, platform)
  }
  const refreshed = /^\/servers\/([^/]+)\/refresh$/.exec(path)?.[1]
  if (refreshed !== undefined) return refresh(request, refreshed, principal, platform, ctx)
  if (path === '/eval') return evaluate(request, principal, platform)
  return forward(request, path, principal, platform)
}

/** `?q=<task or keywords>&limit=<at most 50>`: tools this caller may see, best first. */
async function search(
  request: Request,
  principal: Principal,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  const { searchParams } = new URL(request.url)
  const query = searchParams.get('q') ?? ''
  if (request.method !== 'GET') return plainError(405, 'method_not_allowed', 'Use GET')
  if (query.trim() === '') return plainError(400, 'invalid', 'Say what to look for: ?q=…')
  const limit = Number(searchParams.get('limit') ?? SEARCH_HITS)
  if (!(limit >= 1)) return plainError(400, 'invalid', 'limit must be a positive number')
  const { version } = await platform.catalog.index(await platform.catalog.feed(ctx), ctx)
  const hits = await searchOf(platform.search).search(query, principal, limit, version)
  const url = ({ server }: { server: string }): string => resourceOf(platform.publicOrigin, server)
  const tools = hits.map((hit) => ({ ...hit, url: url(hit) }))
  return Response.json({ version, tools }, { headers: ANSWER_HEADERS })
}

/** Measures (task → tool) pairs against revisions; see docs/catalog.md. */
async function evaluate(
  request: Request,
  principal: Principal,
  { search: binding }: RouterConfig,
): Promise<Response> {
  if (request.method !== 'POST') return plainError(405, 'method_not_allowed', 'Use POST')
  const body = await readBounded(request.body, ADMIN_BODY_MAX_BYTES)
  if (!body) return plainError(413, 'too_large', `A body may take ${ADMIN_BODY_MAX_BYTES} bytes`)
  const done = await searchOf(binding).evaluate(new TextDecoder().decode(body), principal)
  if (!done.ok) return plainError(400, 'invalid', done.failure)
  return Response.json({ revisions: done.value }, { headers: ANSWER_HEADERS })
}

/** As strict as can be: the feed of this moment, and each proof once. */
async function signIn(
  request: Request,
  platform: RouterConfig,
  ctx: ExecutionContext,
  nowSeconds: number,
): Promise<Authenticated | Response> {
  const refuse = (failure?: AuthFailure): Response =>
    unauthorized(request, platform, CATALOG_NAME, failure)
  const found = await platform.authenticator.authenticate(request, CATALOG_NAME, nowSeconds)
  if (!found.ok) return refuse(found.failure)
  const { caller, proof } = found.value
  if (caller.grantId === undefined) return refuse()
  const feed = await platform.catalog.feed(ctx, 0)
  if (feed.unreachable) {
    return plainError(503, 'unavailable', 'Revocations cannot be checked right now; retry soon')
  }
  if (isRevoked(feed.view, caller)) return refuse({ reason: 'revoked' })
  if (proof && !(await claimOnce(platform, proof)())) {
    return refuse({ reason: 'proof', proof: 'replayed' })
  }
  return found.value
}

function notOperator({ jkt }: Principal, { publicOrigin }: RouterConfig): Response {
  return challengeResponse({
    status: 403,
    error: 'insufficient_scope',
    scheme: jkt === undefined ? 'Bearer' : 'DPoP',
    description: `Only operators may do this, with the scope ${ADMIN_SCOPE}`,
    scopes: [ADMIN_SCOPE],
    resourceMetadataUrl: resourceMetadataUrlOf(publicOrigin, CATALOG_NAME),
  })
}

/** The Catalog calls nobody: what a server, or its canary, says of itself now is fetched here. */
async function refresh(
  request: Request,
  name: string,
  principal: Principal,
  platform: RouterConfig,
  ctx: ExecutionContext,
): Promise<Response> {
  if (request.method !== 'POST') return plainError(405, 'method_not_allowed', 'Use POST')
  if (!isServerName(name)) return plainError(404, 'unknown_server', 'There is no such server')
  const script = new URL(request.url).searchParams.get('script')
  if (script !== null && script !== 'canary') {
    return plainError(400, 'invalid', 'script is canary, or absent')
  }
  if (!(await platform.catalog.publishNow(name, ctx, script ?? undefined))) {
    const what = script === null ? name : `${name}--${script}`
    return plainError(404, 'unknown_server', `${what} is not deployed, or is not a server`)
  }
  // The Catalog says what it took, once the feed carries it.
  return forward(request, `/servers/${name}/refresh`, principal, platform)
}

async function forward(
  request: Request,
  path: string,
  principal: Principal,
  { catalogObject }: RouterConfig,
): Promise<Response> {
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const body = hasBody ? await readBounded(request.body, ADMIN_BODY_MAX_BYTES) : new Uint8Array()
  if (!body) return plainError(413, 'too_large', `A body may take ${ADMIN_BODY_MAX_BYTES} bytes`)
  const { search } = new URL(request.url)
  const answer = await catalogOf(catalogObject).fetch(`https://catalog.internal${path}${search}`, {
    method: request.method,
    headers: { 'content-type': 'application/json', [ACTOR_HEADER]: operatorEntry(principal) },
    ...(hasBody ? { body } : {}),
  })
  const headers = { 'content-type': 'application/json', ...ANSWER_HEADERS }
  return new Response(answer.body, { status: answer.status, headers })
}
