/**
 * How a machine says that it is the machine: by its secret (RFC 6749 §2.3.1), or by
 * a JWT of its key (RFC 7523 §3) that is for this server, short-lived, and used once.
 */
import { importJWK, jwtVerify, type JWK, type JWTPayload } from 'jose'
import { toBase64Url } from '#shared/lib/base64url.ts'
import { logEvent } from '#shared/lib/log.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { replayOf } from '#shared/contracts/entrypoints.ts'
import { oauthError } from '../answers.ts'
import { credentialsOf } from './client-credentials.ts'
import type { Exchange } from '../exchange.ts'
import {
  ASSERTION_CLOCK_SKEW_SECONDS,
  ASSERTION_MAX_CHARS,
  ASSERTION_MAX_LIFETIME_SECONDS,
  CLIENT_JTI_MAX_CHARS,
} from '../limits.ts'
import type { Machine } from './machines.ts'
import { TOKEN_PATH } from '../paths.ts'

/** Asymmetric only (RFC 8725 §3.1). */
export const ASSERTION_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']

export interface MachineFailure {
  readonly reason:
    | 'malformed'
    | 'several'
    | 'unnamed'
    | 'unknown_machine'
    | 'no_credentials'
    | 'wrong_secret'
    | 'bad_assertion'
    | 'assertion_lives_too_long'
    | 'replayed'
}

export async function authenticateMachine(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Result<Machine, MachineFailure>> {
  const credentials = credentialsOf(request, form)
  if (!credentials.ok) return credentials
  const { value } = credentials
  const machine = exchange.settings.machines.get(value.clientId)
  if (!machine) return fail({ reason: 'unknown_machine' })
  switch (value.method) {
    case 'none':
      return fail({ reason: 'no_credentials' })
    case 'secret':
      return (await knows(machine, value.secret)) ? ok(machine) : fail({ reason: 'wrong_secret' })
    case 'private_key_jwt':
      return verifyAssertion(machine, value.assertion, exchange)
  }
}

/** RFC 6749 §5.2: one answer for all that is wrong; the log knows which. */
export function machineRefusal(request: Request, { reason }: MachineFailure): Response {
  logEvent('machine_refused', { reason })
  const answer = oauthError(401, 'invalid_client', 'Client authentication failed')
  if (request.headers.has('authorization')) answer.headers.set('www-authenticate', 'Basic')
  return answer
}

async function knows({ secrets }: Machine, presented: string): Promise<boolean> {
  const digest = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(presented)),
  )
  const matches = secrets.map((hex) => crypto.subtle.timingSafeEqual(digest, fromHex(hex)))
  return matches.includes(true)
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

async function verifyAssertion(
  machine: Machine,
  assertion: string,
  { settings: { issuer }, replay }: Exchange,
): Promise<Result<Machine, MachineFailure>> {
  if (assertion.length > ASSERTION_MAX_CHARS) return fail({ reason: 'bad_assertion' })
  const payload = await verified(machine, assertion, [issuer, issuer + TOKEN_PATH])
  if (!payload) return fail({ reason: 'bad_assertion' })
  const nowSeconds = Date.now() / 1000
  if (Number(payload.exp) - nowSeconds > ASSERTION_MAX_LIFETIME_SECONDS) {
    return fail({ reason: 'assertion_lives_too_long' })
  }
  // After all else: only what would have counted is used up.
  const jti = new TextEncoder().encode(payload.jti)
  const name = toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', jti)))
  const isFirst = await replayOf(replay, `client:${machine.clientId}`).claim(name)
  return isFirst ? ok(machine) : fail({ reason: 'replayed' })
}

async function verified(
  { clientId, keys }: Machine,
  assertion: string,
  audience: string[],
): Promise<JWTPayload | undefined> {
  for (const key of keys) {
    const payload = await verifiedBy(key, clientId, assertion, audience)
    if (payload) return payload
  }
  return undefined
}

async function verifiedBy(
  key: JWK,
  clientId: string,
  assertion: string,
  audience: string[],
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(assertion, ({ alg }) => importJWK(key, alg), {
      algorithms: ASSERTION_ALGORITHMS,
      issuer: clientId,
      subject: clientId,
      audience,
      clockTolerance: ASSERTION_CLOCK_SKEW_SECONDS,
      requiredClaims: ['exp', 'jti'],
    })
    // One for several servers could be passed on by each of them.
    if (typeof payload.aud !== 'string') return undefined
    const { jti } = payload
    const isUsable = typeof jti === 'string' && jti !== '' && jti.length <= CLIENT_JTI_MAX_CHARS
    return isUsable ? payload : undefined
  } catch {
    // Altered, expired, for somebody else, or by another key.
    return undefined
  }
}
