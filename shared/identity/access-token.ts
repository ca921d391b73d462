/**
 * Access tokens: JWTs of our own authorization server (RFC 9068, `typ: at+jwt`, ES256).
 *
 * `verifyAccessToken` does NOT check revocation (the control feed does), scopes
 * (the decision does) or a key binding: whoever calls it must compare
 * `principal.jkt` with the request, because a bound token never works as Bearer.
 */
import type { JWK } from 'jose'
import { fail, ok, type Result } from '../lib/result.ts'
import { toBase64Url } from '../lib/base64url.ts'
import { signJws, unverifiedHeader, verifyJws } from './compact-jws.ts'
import { identityOf, type Identity, type Principal } from './principal.ts'
import { CLIENT_ID_KEPT_CHARS } from './identity-limits.ts'

export const ACCESS_TOKEN_ALGORITHM = 'ES256'
export const ACCESS_TOKEN_TYPE = 'at+jwt'
const ACCESS_TOKEN = { alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE } as const

/** Claims beside those of RFC 9068 §2.2: `gid` (grant id, the unit of revocation), `tenant`, `claims`. */
export interface AccessTokenClaims extends Identity {
  iss: string
  sub: string
  /** Canonical URI of the one MCP endpoint the token is for (RFC 8707). */
  aud: string
  client_id: string
  /** Space-separated (RFC 9068 §2.2.3); empty when no scope was granted. */
  scope: string
  iat: number
  exp: number
  jti: string
  gid: string
  tenant: string
  /** Thumbprint of the key it is bound to (RFC 9449 §6.1); absent = Bearer. */
  cnf?: { jkt: string }
}

/** A principal and what its token says of its own validity. */
export interface VerifiedToken {
  principal: Principal
  grantId: string
  /** When its grant was last known to stand; absent: whoever asks is told as of now. */
  issuedAtSeconds?: number
  expiresAtSeconds: number
}

export type AccessTokenFailure = {
  reason: 'malformed' | 'expired' | 'wrong_audience' | 'wrong_issuer' | 'bad_signature'
}

export interface AccessTokenExpectation {
  issuer: string
  /** The resource this request is for; exact match (no prefix, no list). */
  audience: string
  /** Public keys, as `jwks_uri` publishes them. */
  jwks: { keys: JWK[] }
  nowSeconds: number
}

export function signAccessToken(
  key: JWK & { kid: string },
  claims: AccessTokenClaims,
): Promise<string> {
  return signJws(claims, key as JsonWebKey, ACCESS_TOKEN, { kid: key.kid })
}

/** RFC 9068 §4, and RFC 8725: one algorithm, one type, exact issuer and audience. */
export async function verifyAccessToken(
  token: string,
  expected: AccessTokenExpectation,
): Promise<Result<VerifiedToken, AccessTokenFailure>> {
  const key = keyOf(token, expected.jwks)
  if (!key.ok) return key
  const verified = await verifyJws(token, key.value as JsonWebKey, ACCESS_TOKEN)
  if (!verified.ok) return verified
  const claims = verified.value as Partial<AccessTokenClaims>
  const failure = claimFailure(claims, expected)
  if (failure) return fail({ reason: failure })
  return ok(await callerOf(claims as AccessTokenClaims))
}

/** The key a token names, among those that may have signed it. */
function keyOf(token: string, { keys }: { keys: JWK[] }): Result<JWK, AccessTokenFailure> {
  let kid: unknown
  try {
    kid = unverifiedHeader(token)['kid']
  } catch {
    return fail({ reason: 'malformed' })
  }
  const key = keys.find((one) => one.kid === kid)
  return key && kid !== undefined ? ok(key) : fail({ reason: 'bad_signature' })
}

/** Only what our own server signed gets here: a claim that is not as it writes it is no token of today's. */
function claimFailure(
  claims: Partial<AccessTokenClaims>,
  { issuer, audience, nowSeconds }: AccessTokenExpectation,
): AccessTokenFailure['reason'] | undefined {
  if (claims.iss !== issuer) return 'wrong_issuer'
  // Exact: a list would be a token of somebody else's making.
  if (claims.aud !== audience) return 'wrong_audience'
  if (TEXT_CLAIMS.some((name) => typeof claims[name] !== 'string')) return 'malformed'
  // A confirmation of another kind (RFC 7800, RFC 8705) cannot be checked here.
  if ('cnf' in claims && typeof claims.cnf?.jkt !== 'string') return 'malformed'
  if (typeof claims.iat !== 'number' || typeof claims.exp !== 'number') return 'malformed'
  return claims.exp > nowSeconds ? undefined : 'expired'
}

const TEXT_CLAIMS = ['sub', 'jti', 'client_id', 'gid', 'tenant'] as const

async function callerOf(claims: AccessTokenClaims): Promise<VerifiedToken> {
  return {
    principal: {
      subject: claims.sub,
      tenant: claims.tenant,
      clientId: await clientNameOf(claims.client_id),
      scopes: claims.scope ? claims.scope.split(' ') : [],
      ...(claims.cnf ? { jkt: claims.cnf.jkt } : {}),
      ...identityOf(claims),
    },
    grantId: claims.gid,
    issuedAtSeconds: claims.iat,
    expiresAtSeconds: claims.exp,
  }
}

/**
 * How policies, logs and servers know a client. A registration sealed into its own
 * id (RFC 7591 appendix A.5.2) is known by a digest: the assertion must fit a header.
 */
export async function clientNameOf(
  clientId: string,
  keptChars = CLIENT_ID_KEPT_CHARS,
): Promise<string> {
  if (clientId.length <= keptChars) return clientId
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(clientId))
  return `sealed-${toBase64Url(new Uint8Array(digest))}`
}
