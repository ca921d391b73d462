/**
 * Access tokens of an issuer that the operator trusts beside our own: JWTs (RFC 9068,
 * RFC 8725), for exactly one of our resources. Their caller becomes the same
 * `Principal` as any other; subjects, groups and clients of two issuers never meet.
 *
 * Does NOT fetch keys, and leaves revocation to the issuer: `maxLifetimeSeconds` is the bound.
 */
import { createLocalJWKSet, jwtVerify, type JWK, type JWTPayload } from 'jose'
import { fail, ok, type Result } from '../lib/result.ts'
import { clientNameOf, type AccessTokenFailure, type VerifiedToken } from './access-token.ts'
import { toBase64Url } from '../lib/base64url.ts'
import { fullName } from './foreign-name.ts'
import {
  CLIENT_ID_KEPT_CHARS,
  FOREIGN_CLIENT_MIN_CHARS,
  SCOPES_MAX_CHARS,
} from './identity-limits.ts'
import { mapIdentity, type IdentityMapping } from './identity.ts'
import { subjectOf } from './subject.ts'

export interface TrustedIssuer {
  /** Byte for byte what its tokens' `iss` carries. */
  readonly issuer: string
  readonly algorithms: readonly string[]
  /** `typ` headers it writes, in lower case; RFC 9068 says `at+jwt`. */
  readonly types: readonly string[]
  /** Its tokens may not live longer, whatever they say. */
  readonly maxLifetimeSeconds: number
  /** Servers its tokens may be for; absent = all. */
  readonly servers?: readonly string[]
  /** Text or list; RFC 8693 says `scope`, some say `scp`. */
  readonly scopeClaim: string
  /** Everybody's, where the issuer has no tenants. */
  readonly tenant?: string
  /** Tenants it may speak for; absent = all. */
  readonly tenants?: readonly string[]
  readonly mapping: IdentityMapping
}

const CLOCK_SKEW_SECONDS = 30

export async function verifyTrustedToken(
  token: string,
  issuer: TrustedIssuer,
  resource: string,
  jwks: { keys: JWK[] },
  nowSeconds: number,
): Promise<Result<VerifiedToken, AccessTokenFailure>> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: resource,
      currentDate: new Date(nowSeconds * 1000),
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['sub', 'exp', 'iat'],
    })
    if (!issuer.types.includes(typeOf(protectedHeader.typ))) return fail({ reason: 'malformed' })
    // Valid elsewhere too: not a token for us alone (RFC 8725 §3.9, RFC 9700 §2.3).
    if (Array.isArray(payload.aud) && payload.aud.length !== 1)
      return fail({ reason: 'wrong_audience' })
    const { iat = 0, exp = 0 } = payload
    const livesTooLong = exp - Math.min(iat, nowSeconds) > issuer.maxLifetimeSeconds
    if (livesTooLong) return fail({ reason: 'malformed' })
    return await callerOf(token, payload, issuer)
  } catch (error) {
    return fail({ reason: jwtFailure(error) })
  }
}

async function callerOf(
  token: string,
  payload: JWTPayload,
  issuer: TrustedIssuer,
): Promise<Result<VerifiedToken, AccessTokenFailure>> {
  const identity = mapIdentity(issuer.mapping, payload)
  const scopes = scopesOf(payload[issuer.scopeClaim])
  // A confirmation of another kind (RFC 7800, RFC 8705) cannot be checked here.
  const { jkt } = (payload['cnf'] ?? {}) as { jkt?: unknown }
  const isBoundElse = 'cnf' in payload && typeof jkt !== 'string'
  if (!identity.ok || !scopes || isBoundElse || !payload.sub) return fail({ reason: 'malformed' })
  const { tenant: mapped, ...said } = identity.value
  const tenant = issuer.tenant ?? mapped
  if (issuer.tenants?.includes(tenant) === false) return fail({ reason: 'malformed' })
  const client = payload['client_id'] ?? payload['azp']
  return ok({
    principal: {
      subject: await subjectOf(issuer.issuer, payload.sub),
      tenant,
      clientId: typeof client === 'string' ? await clientOf(issuer, client) : issuer.issuer,
      scopes,
      ...(typeof jkt === 'string' ? { jkt } : {}),
      ...said,
    },
    grantId: await digestOf(token),
    expiresAtSeconds: payload.exp ?? 0,
  })
}

/**
 * A long name is known by a digest, as one of ours is. The issuer stands before the digest, not in
 * it: rules that deny know a client by its issuer's own name for it.
 */
async function clientOf({ issuer }: TrustedIssuer, client: string): Promise<string> {
  const keptChars = Math.max(CLIENT_ID_KEPT_CHARS - issuer.length - 1, FOREIGN_CLIENT_MIN_CHARS)
  return fullName(issuer, await clientNameOf(client, keptChars))
}

/** `application/at+jwt` is the same (RFC 7515 §4.1.9); no `typ` is the empty one. */
const typeOf = (typ = ''): string => typ.toLowerCase().replace(/^application\//, '')

function scopesOf(said: unknown): string[] | undefined {
  if (said === undefined) return []
  const scopes = typeof said === 'string' ? said.split(' ').filter(Boolean) : said
  const areTexts = Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string')
  return areTexts && scopes.join(' ').length <= SCOPES_MAX_CHARS ? (scopes as string[]) : undefined
}

async function digestOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return toBase64Url(new Uint8Array(digest))
}

/** What jose found wrong. */
function jwtFailure(error: unknown): AccessTokenFailure['reason'] {
  const { code, claim } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return 'expired'
  if (claim === 'aud') return 'wrong_audience'
  if (claim === 'iss') return 'wrong_issuer'
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' || code === 'ERR_JWKS_NO_MATCHING_KEY') {
    return 'bad_signature'
  }
  return 'malformed'
}
