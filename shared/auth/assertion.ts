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
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT, type JWK } from 'jose'
import { fail, ok, type Result } from '../result.ts'
import type { Principal } from './principal.ts'

export const ASSERTION_LIFETIME_SECONDS = 300
/** Clocks of two Workers on one network differ by far less; an assertion is never older by more. */
const CLOCK_SKEW_SECONDS = 30

const ASSERTION_TYPE = 'mcp-edge-principal+jwt'
const CERTIFICATE_TYPE = 'mcp-edge-certificate+jwt'
const ALGORITHM = 'EdDSA'

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
  return new SignJWT({ jwk: publicJwk as Record<string, unknown> })
    .setProtectedHeader({ alg: ALGORITHM, typ: CERTIFICATE_TYPE })
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + lifetimeSeconds)
    .sign(await importJWK(anchorPrivateJwk, ALGORITHM))
}

/** Mints the assertion for one server. Costs one Ed25519 signature; cache it per token and server. */
export async function mintAssertion(
  key: SigningKey,
  server: string,
  principal: Principal,
  nowSeconds: number,
): Promise<string> {
  const { subject, tenant, clientId, scopes, claims } = principal
  return new SignJWT({ tenant, client_id: clientId, scopes, claims })
    .setProtectedHeader({ alg: ALGORITHM, typ: ASSERTION_TYPE, cert: key.certificate })
    .setSubject(subject)
    .setAudience(server)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + ASSERTION_LIFETIME_SECONDS)
    .sign(await importJWK(key.privateJwk, ALGORITHM))
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
    certificate = decodeProtectedHeader(assertion).cert
  } catch {
    return fail({ reason: 'malformed' })
  }
  if (typeof certificate !== 'string') return fail({ reason: 'malformed' })
  const signer = await verifyCertificate(trust, certificate, nowSeconds)
  if (!signer) return fail({ reason: 'untrusted' })
  try {
    const { payload } = await jwtVerify(assertion, await importJWK(signer, ALGORITHM), {
      algorithms: [ALGORITHM],
      typ: ASSERTION_TYPE,
      audience: server,
      currentDate: new Date(nowSeconds * 1000),
      clockTolerance: CLOCK_SKEW_SECONDS,
      maxTokenAge: ASSERTION_LIFETIME_SECONDS,
      requiredClaims: ['sub', 'exp', 'tenant', 'client_id', 'scopes'],
    })
    const principal: Principal = {
      subject: payload.sub as string,
      tenant: payload['tenant'] as string,
      clientId: payload['client_id'] as string,
      scopes: payload['scopes'] as string[],
      ...(payload['claims'] ? { claims: payload['claims'] as Record<string, string> } : {}),
    }
    return ok({ principal, expiresAtSeconds: payload.exp as number })
  } catch (error) {
    const code = (error as { code?: string }).code
    const claim = (error as { claim?: string }).claim
    if (code === 'ERR_JWT_EXPIRED') return fail({ reason: 'expired' })
    if (claim === 'aud') return fail({ reason: 'wrong_server' })
    return fail({ reason: 'untrusted' })
  }
}

async function verifyCertificate(
  trust: Trust,
  certificate: string,
  nowSeconds: number,
): Promise<JWK | undefined> {
  for (const anchor of trust.anchors) {
    try {
      const { payload } = await jwtVerify(certificate, await importJWK(anchor, ALGORITHM), {
        algorithms: [ALGORITHM],
        typ: CERTIFICATE_TYPE,
        currentDate: new Date(nowSeconds * 1000),
        clockTolerance: CLOCK_SKEW_SECONDS,
        requiredClaims: ['exp', 'jwk'],
      })
      return payload['jwk'] as JWK
    } catch {
      // Not signed by this anchor, or no longer valid: another anchor may still vouch for it.
    }
  }
  return undefined
}
