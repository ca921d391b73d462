/**
 * Token introspection (RFC 7662) for resource servers of the operator's: a machine
 * that may introspect asks about access tokens for its own servers. Everything else,
 * a token for another server included, is `active: false` and nothing more (§2.2).
 */
import type { AccessTokenClaims } from '#shared/identity/access-token.ts'
import { readAccessToken } from './access-tokens.ts'
import { NO_STORE, oauthError } from '../answers.ts'
import { boundedText } from '../bounded-text.ts'
import type { Exchange } from '../exchange.ts'
import { FORM_MAX_BYTES } from '../limits.ts'
import { authenticateMachine, machineRefusal } from '../machines/machine-auth.ts'
import type { Machine } from '../machines/machines.ts'
import { serverNameOf } from '../authorize/resource.ts'

export async function introspect(request: Request, exchange: Exchange): Promise<Response> {
  const text = await boundedText(request, FORM_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The form is too large')
  const form = new URLSearchParams(text)
  const authenticated = await authenticateMachine(request, form, exchange)
  if (!authenticated.ok) return machineRefusal(request, authenticated.failure)
  if (!authenticated.value.introspects) {
    return oauthError(403, 'unauthorized_client', 'This client may not introspect tokens')
  }
  const token = form.get('token')
  if (!token) return oauthError(400, 'invalid_request', 'Say which token to introspect')
  const claims = await activeClaims(token, authenticated.value, exchange)
  return Response.json(claims ? describe(claims) : { active: false }, { headers: NO_STORE })
}

async function activeClaims(
  token: string,
  { servers }: Machine,
  { settings, catalog, ctx }: Exchange,
): Promise<AccessTokenClaims | undefined> {
  const claims = await readAccessToken(settings, token)
  const server = claims && serverNameOf(settings.publicOrigin, claims.aud)
  if (!claims || server === undefined || !servers.includes(server)) return undefined
  const { gid: grantId, iat: issuedAtSeconds } = claims
  return (await catalog.isRevoked({ grantId, issuedAtSeconds }, ctx)) ? undefined : claims
}

function describe({
  iss,
  sub,
  aud,
  client_id,
  scope,
  iat,
  exp,
  jti,
  tenant,
  cnf,
}: AccessTokenClaims) {
  return {
    active: true,
    iss,
    sub,
    aud,
    client_id,
    iat,
    exp,
    jti,
    tenant,
    ...(scope ? { scope } : {}),
    token_type: cnf ? 'DPoP' : 'Bearer',
    ...(cnf ? { cnf } : {}),
  }
}
