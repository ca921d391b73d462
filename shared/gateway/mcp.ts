/**
 * An MCP request, steps 2 and 3: who calls, may they know this server, and which
 * era they speak. The era is decided by header first; a body that claims another
 * one is refused, so no two parts of the platform can read one request differently.
 */
import type { Policy } from '../catalog/entry.ts'
import { isRevoked } from '../catalog/feed-local.ts'
import { maySee } from '../catalog/policy.ts'
import { VERSION_HEADER } from '../protocol/headers.ts'
import type { Authenticated, AuthFailure } from './authenticate.ts'
import { unauthorized } from './auth-failure.ts'
import { withDpopNonce } from './dpop-nonce.ts'
import { eraOf } from './era.ts'
import type { Exchange } from './exchange.ts'
import { handleLegacyEra } from './legacy/door.ts'
import { handleModernEra } from './modern.ts'
import { refuseVersion } from './unsupported-version.ts'
import { plainError } from './plain-error.ts'
import type { Platform } from '../../workers/router/config.ts'
import { claimOnce } from './replay.ts'

export async function handleMcp(
  request: Request,
  name: string,
  platform: Platform,
  ctx: ExecutionContext,
): Promise<Response> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const response = await answer(request, name, platform, ctx, nowSeconds)
  return withDpopNonce(request, response, platform, nowSeconds)
}

async function answer(
  request: Request,
  name: string,
  platform: Platform,
  ctx: ExecutionContext,
  nowSeconds: number,
): Promise<Response> {
  const refuse = (failure?: AuthFailure) => unauthorized(request, platform, name, failure)
  const authenticated = await platform.authenticator.authenticate(request, name, nowSeconds)
  if (!authenticated.ok) return refuse(authenticated.failure)
  const { caller } = authenticated.value

  let feed = await platform.catalog.feed(ctx)
  const server = await platform.catalog.server(name, feed, ctx, caller.principal)
  // A strict server's revocations are in force at once: every request reads the feed.
  if (server?.policy.strict) feed = await platform.catalog.feed(ctx, 0)
  if (isRevoked(feed.view, caller)) return refuse({ reason: 'revoked' })
  if (!server || !maySee(caller.principal, server.policy)) {
    // To a stranger every name that is not public answers the same 401 (DESIGN §4.8).
    return caller.grantId === undefined ? refuse() : hidden()
  }
  const claimProof = claimOf(authenticated.value, platform)
  const failure = await policyFailure(server.policy, authenticated.value, claimProof)
  if (failure) return refuse(failure)

  const proven = claimProof ? { claimProof } : {}
  const exchange: Exchange = { request, platform, ctx, caller, ...proven, server, feed, nowSeconds }
  switch (eraOf(request.headers.get(VERSION_HEADER))) {
    case 'modern':
      return handleModernEra(exchange)
    case 'legacy':
      return handleLegacyEra(exchange)
    case 'unsupported':
      return refuseVersion(request)
  }
}

/** What a server's policy asks of credentials beyond their being good. */
async function policyFailure(
  { dpop, strict }: Policy,
  { caller }: Authenticated,
  claimProof: Exchange['claimProof'],
): Promise<AuthFailure | undefined> {
  const isStranger = caller.grantId === undefined
  if (dpop === 'required' && !isStranger && !claimProof) return { reason: 'unbound' }
  if (!strict || !claimProof || (await claimProof())) return undefined
  return { reason: 'proof', proof: 'replayed' }
}

const claimOf = ({ proof }: Authenticated, { replay }: Platform): Exchange['claimProof'] =>
  proof && claimOnce(replay, proof)

const hidden = (): Response =>
  plainError(404, 'unknown_server', 'There is no such server, or it is not for you')
