/**
 * An MCP request, steps 2 and 3: who calls, may they know this server, and which
 * era they speak. The era is decided by header first; a body that claims another
 * one is refused, so no two parts of the platform can read one request differently.
 */
import { challengeResponse } from '#shared/auth/challenge.ts'
import { maySee } from '#shared/catalog/policy.ts'
import { VERSION_HEADER } from '#shared/protocol/headers.ts'
import { describeAuthFailure, type AuthFailure, type Caller } from './authenticate.ts'
import { eraOf } from './era.ts'
import type { Exchange } from './exchange.ts'
import { handleLegacyEra } from './legacy.ts'
import { resourceMetadataUrlOf } from './match.ts'
import { handleModernEra } from './modern.ts'
import { refuseVersion } from './unsupported-version.ts'
import { plainError } from './plain-error.ts'
import type { Platform } from './platform.ts'

export async function handleMcp(
  request: Request,
  name: string,
  platform: Platform,
  ctx: ExecutionContext,
): Promise<Response> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const authenticated = await platform.authenticator.authenticate(
    request.headers.get('Authorization'),
    name,
    nowSeconds,
  )
  if (!authenticated.ok) return unauthorized(platform, name, authenticated.failure)
  const caller = authenticated.value

  let feed = await platform.catalog.feed(ctx)
  const server = await platform.catalog.server(name, feed, ctx)
  // A strict server's revocations are in force at once: every request reads the feed.
  if (server?.policy.strict) feed = await platform.catalog.feed(ctx, 0)
  if (caller.grantId !== undefined && feed.view.revokedGrants.has(caller.grantId)) {
    return unauthorized(platform, name, { reason: 'revoked' })
  }
  if (!server || !maySee(caller.principal, server.policy)) return hidden(platform, caller)

  const exchange: Exchange = { request, platform, ctx, caller, server, feed, nowSeconds }
  switch (eraOf(request.headers.get(VERSION_HEADER))) {
    case 'modern':
      return handleModernEra(exchange)
    case 'legacy':
      return handleLegacyEra(exchange)
    case 'unsupported':
      return refuseVersion(request)
  }
}

/** To a stranger every name that is not public answers the same 401 (DESIGN §4.8). */
function hidden(platform: Platform, caller: Caller): Response {
  if (caller.grantId === undefined) return unauthorized(platform, caller.server, undefined)
  return plainError(404, 'unknown_server', 'There is no such server, or it is not for you')
}

function unauthorized(
  platform: Platform,
  server: string,
  failure: AuthFailure | undefined,
): Response {
  if (failure?.reason === 'malformed_header') {
    return plainError(400, 'invalid_request', describeAuthFailure(failure))
  }
  return challengeResponse({
    status: 401,
    ...(failure ? { error: 'invalid_token' } : {}),
    description: failure
      ? describeAuthFailure(failure)
      : 'Sign in first: the authorization server is named in the resource metadata',
    resourceMetadataUrl: resourceMetadataUrlOf(platform.publicOrigin, server),
  })
}
