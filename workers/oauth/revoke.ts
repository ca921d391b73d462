/**
 * RFC 7009 for both kinds of token: refresh tokens by the library; an access
 * token of ours ends its whole grant, if the authenticated client owns it.
 * An expired or foreign token is answered like a revoked one (§2.2).
 */
import { jwtVerify, createLocalJWKSet } from 'jose'
import {
  ACCESS_TOKEN_ALGORITHM,
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
} from '#shared/auth/access-token.ts'
import { asForAny } from './as-for-resource.ts'
import { oauthError } from './answers.ts'
import { boundedText } from './bounded-text.ts'
import type { Exchange } from './exchange.ts'
import { FORM_MAX_BYTES } from './limits.ts'
import { TOKEN_PATH } from './paths.ts'
import { post } from './register.ts'
import type { Settings } from './settings.ts'

export async function revoke(request: Request, exchange: Exchange): Promise<Response> {
  const text = await boundedText(request, FORM_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The form is too large')
  const form = new URLSearchParams(text)
  // With a grant type the library would take it for a token request.
  form.delete('grant_type')
  const presented = form.get('token')
  if (!presented) return oauthError(400, 'invalid_request', 'Say which token to revoke')

  const { settings, ctx } = exchange
  const as = asForAny(settings)
  const forwarded = post(request, settings.issuer + TOKEN_PATH, form.toString())
  // Authenticates the client; to a JWT the library then does nothing.
  const answer = await as.fetch(forwarded, exchange.asEnv(), ctx)
  if (!answer.ok) return answer
  const claims = await verified(settings, presented)
  const client = clientOf(request, form)
  if (claims && client !== undefined && claims.client_id === client) {
    await as.getOAuthApi(exchange.asEnv()).revokeGrant(claims.gid, claims.sub)
  }
  return answer
}

async function verified(settings: Settings, token: string): Promise<AccessTokenClaims | undefined> {
  if (token.split('.').length !== 3) return undefined
  try {
    const { jwks } = await settings.tokenKeys()
    const { payload } = await jwtVerify<AccessTokenClaims>(token, createLocalJWKSet(jwks), {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      issuer: settings.issuer,
    })
    return payload
  } catch {
    // Expired, altered or somebody else's: nothing of ours to revoke.
    return undefined
  }
}

/** The client the library has just authenticated, by the two ways to name one. */
function clientOf(request: Request, form: URLSearchParams): string | undefined {
  const [scheme, credentials = ''] = (request.headers.get('authorization') ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic') return form.get('client_id') ?? undefined
  try {
    return decodeURIComponent(atob(credentials).split(':')[0] ?? '')
  } catch {
    return undefined
  }
}
