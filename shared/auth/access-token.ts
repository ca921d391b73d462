/**
 * Access tokens: JWTs of our own authorization server (RFC 9068, `typ: at+jwt`, ES256).
 *
 * `verifyAccessToken` does NOT check revocation (the control feed does), scopes
 * (the decision does) or a key binding: whoever calls it must compare
 * `principal.jkt` with the request, because a bound token never works as Bearer.
 */
import { createLocalJWKSet, jwtVerify, SignJWT, type JWK } from 'jose'
import { fail, ok, type Result } from '../result.ts'
import { toBase64Url } from './base64url.ts'
import { identityOf, type Identity, type Principal } from './principal.ts'

export const ACCESS_TOKEN_ALGORITHM = 'ES256'
export const ACCESS_TOKEN_TYPE = 'at+jwt'

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

export async function signAccessToken(
  key: JWK & { kid: string },
  claims: AccessTokenClaims,
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: key.kid })
    .sign({ ...key, alg: ACCESS_TOKEN_ALGORITHM })
}

/** RFC 9068 §4, and RFC 8725: one algorithm, one type, exact issuer and audience. */
export async function verifyAccessToken(
  token: string,
  expected: AccessTokenExpectation,
): Promise<Result<VerifiedToken, AccessTokenFailure>> {
  try {
    const { payload } = await jwtVerify<AccessTokenClaims>(token, resolverOf(expected.jwks), {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      issuer: expected.issuer,
      audience: expected.audience,
      currentDate: new Date(expected.nowSeconds * 1000),
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'gid', 'tenant'],
    })
    // Our AS writes one audience. A list would be a token of somebody else's making.
    if (typeof payload.aud !== 'string') return fail({ reason: 'wrong_audience' })
    // A confirmation of another kind (RFC 7800, RFC 8705) cannot be checked here.
    const jkt = payload.cnf?.jkt
    if ('cnf' in payload && typeof jkt !== 'string') return fail({ reason: 'malformed' })
    return ok({
      principal: {
        subject: payload.sub,
        tenant: payload.tenant,
        clientId: await clientNameOf(payload.client_id),
        scopes: payload.scope ? payload.scope.split(' ') : [],
        ...(jkt === undefined ? {} : { jkt }),
        ...identityOf(payload),
      },
      grantId: payload.gid,
      expiresAtSeconds: payload.exp,
    })
  } catch (error) {
    return fail({ reason: jwtFailure(error) })
  }
}

/** Longer than any client id made by people, far shorter than a sealed one (up to 2 KiB). */
const CLIENT_ID_KEPT_CHARS = 200

/**
 * How policies, logs and servers know a client. A registration sealed into its own
 * id (RFC 7591 appendix A.5.2) is known by a digest: the assertion must fit a header.
 */
export async function clientNameOf(clientId: string): Promise<string> {
  if (clientId.length <= CLIENT_ID_KEPT_CHARS) return clientId
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(clientId))
  return `sealed-${toBase64Url(new Uint8Array(digest))}`
}

/** One resolver per fetched key set: jose keeps the imported keys in it. */
const resolvers = new WeakMap<object, ReturnType<typeof createLocalJWKSet>>()

function resolverOf(jwks: { keys: JWK[] }): ReturnType<typeof createLocalJWKSet> {
  let resolver = resolvers.get(jwks)
  if (!resolver) {
    resolver = createLocalJWKSet(jwks)
    resolvers.set(jwks, resolver)
  }
  return resolver
}

/** What jose found wrong. */
export function jwtFailure(error: unknown): AccessTokenFailure['reason'] {
  const { code, claim } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return 'expired'
  if (claim === 'aud') return 'wrong_audience'
  if (claim === 'iss') return 'wrong_issuer'
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' || code === 'ERR_JWKS_NO_MATCHING_KEY') {
    return 'bad_signature'
  }
  return 'malformed'
}
