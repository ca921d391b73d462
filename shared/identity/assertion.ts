/**
 * The principal assertion: who calls, said by the router to exactly one server.
 *
 * A compact JWS, `alg: EdDSA`, `typ: mcp-edge-principal+jwt`, whose header
 * carries a *certificate*: the short-lived signing key, signed by the trust
 * anchor. A server knows only the anchor's public key (embedded at build), so
 * rotating the signing key redeploys nothing, and no server holds a secret with
 * which it could forge a caller.
 *
 * Does NOT check scopes or policy: the router has done so (see the decision).
 */
import type { JWK } from 'jose'
import { fail, ok, type Result } from '../lib/result.ts'
import { signJws, unverifiedHeader, verifyJws, type JwsKind } from './compact-jws.ts'
import { identityOf, type Identity, type Principal } from './principal.ts'

export const ASSERTION_LIFETIME_SECONDS = 300
/** Clocks of two Workers on one network differ by far less; an assertion is never older by more. */
const CLOCK_SKEW_SECONDS = 30

const ASSERTION: JwsKind = { alg: 'EdDSA', typ: 'mcp-edge-principal+jwt' }
const CERTIFICATE: JwsKind = { alg: 'EdDSA', typ: 'mcp-edge-certificate+jwt' }

/** `shared/trust.<env>.json`: public anchors, newest first; two while an anchor is being rotated. */
export interface Trust {
  readonly anchors: readonly JWK[]
}

/** The router's secret SIGNING_KEY: a private key and the anchor's certificate for it. */
export interface SigningKey {
  readonly privateJwk: JWK
  readonly certificate: string
}

export type AssertionFailure = {
  reason: 'malformed' | 'untrusted' | 'wrong_server' | 'expired'
}

/** Signs `publicJwk` with the anchor. Run by scripts, never by a Worker. */
export async function certify(
  anchorPrivateJwk: JWK,
  publicJwk: JWK,
  lifetimeSeconds: number,
  nowSeconds: number,
): Promise<string> {
  const lifetime = { iat: nowSeconds, exp: nowSeconds + lifetimeSeconds }
  return signJws({ jwk: publicJwk, ...lifetime }, anchorPrivateJwk as JsonWebKey, CERTIFICATE)
}

/** Mints the assertion for one server. Costs one Ed25519 signature; cache it per token and server. */
export async function mintAssertion(
  key: SigningKey,
  server: string,
  principal: Principal,
  nowSeconds: number,
): Promise<string> {
  const { subject, tenant, clientId, scopes } = principal
  const claims: AssertionClaims = {
    tenant,
    client_id: clientId,
    scopes: [...scopes],
    ...identityOf(principal),
    sub: subject,
    aud: server,
    iat: nowSeconds,
    exp: nowSeconds + ASSERTION_LIFETIME_SECONDS,
  }
  return signJws(claims, key.privateJwk as JsonWebKey, ASSERTION, { cert: key.certificate })
}

interface Claims {
  readonly iat: number
  readonly exp: number
}
interface AssertionClaims extends Claims, Identity {
  readonly aud: string
  readonly sub: string
  readonly tenant: string
  readonly client_id: string
  readonly scopes: string[]
}
interface CertificateClaims extends Claims {
  readonly jwk: JWK
}

/** @returns the principal and when the assertion stops counting (seconds since the epoch) */
export async function verifyAssertion(
  trust: Trust,
  server: string,
  assertion: string,
  nowSeconds: number,
): Promise<Result<{ principal: Principal; expiresAtSeconds: number }, AssertionFailure>> {
  let certificate: unknown
  try {
    certificate = unverifiedHeader(assertion)['cert']
  } catch {
    return fail({ reason: 'malformed' })
  }
  if (typeof certificate !== 'string') return fail({ reason: 'malformed' })
  const signer = await verifyCertificate(trust, certificate, nowSeconds)
  if (!signer) return fail({ reason: 'untrusted' })
  const claims = await verifiedClaims<AssertionClaims>(assertion, signer, ASSERTION)
  if (!claims) return fail({ reason: 'untrusted' })
  if (claims.aud !== server) return fail({ reason: 'wrong_server' })
  // However long an assertion says it lives, it is never older than its lifetime.
  const tooOld = nowSeconds - claims.iat > ASSERTION_LIFETIME_SECONDS + CLOCK_SKEW_SECONDS
  if (tooOld || !isCurrent(claims, nowSeconds)) return fail({ reason: 'expired' })
  const principal: Principal = {
    subject: claims.sub,
    tenant: claims.tenant,
    clientId: claims.client_id,
    scopes: claims.scopes,
    ...identityOf(claims),
  }
  return ok({ principal, expiresAtSeconds: claims.exp })
}

async function verifyCertificate(
  trust: Trust,
  certificate: string,
  nowSeconds: number,
): Promise<JWK | undefined> {
  for (const anchor of trust.anchors) {
    const claims = await verifiedClaims<CertificateClaims>(certificate, anchor, CERTIFICATE)
    // Not signed by this anchor, or no longer valid: another anchor may still vouch for it.
    if (claims && isCurrent(claims, nowSeconds)) return claims.jwk
  }
  return undefined
}

/** What one key signed for one purpose never counts for another (RFC 8725 §3.11). */
async function verifiedClaims<Expected extends Claims>(
  jws: string,
  key: JWK,
  kind: JwsKind,
): Promise<Expected | undefined> {
  const verified = await verifyJws(jws, key as JsonWebKey, kind)
  return verified.ok ? (verified.value as Expected) : undefined
}

/** Written so that a claim that is no number fails both comparisons. */
const isCurrent = ({ iat, exp }: Claims, nowSeconds: number): boolean =>
  exp > nowSeconds - CLOCK_SKEW_SECONDS && iat <= nowSeconds + CLOCK_SKEW_SECONDS
