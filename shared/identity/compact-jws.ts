/**
 * The JWS that this platform writes to itself: compact (RFC 7515 §3.1), EdDSA over
 * Ed25519 (RFC 8037) or ES256, by the runtime's own crypto. jose does the same for 3.5
 * KiB of the 40 a server may have and 6.5 of the router's 46; it stays where tokens of
 * others are read.
 *
 * One algorithm and one type per use, no critical extension is understood (RFC 8725
 * §3.1, §3.11; RFC 7515 §4.1.11). Does NOT check any claim.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import { fromBase64Url, toBase64Url } from '../lib/base64url.ts'

const ALGORITHMS = {
  EdDSA: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

/** What a JWS must be to count for one purpose. */
export interface JwsKind {
  readonly alg: keyof typeof ALGORITHMS
  readonly typ: string
}

export type JwsFailure = {
  /** `malformed`: no JWS of this kind; `bad_signature`: not by this key. */
  reason: 'malformed' | 'bad_signature'
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** A part that is JSON. @throws when it is not */
const jsonOf = (part: string): unknown => JSON.parse(decoder.decode(fromBase64Url(part)))
const partOf = (value: object): string => toBase64Url(encoder.encode(JSON.stringify(value)))

/** The header of an *unverified* JWS, to find the key it names. @throws when it is none */
export function unverifiedHeader(jws: string): Record<string, unknown> {
  return jsonOf(jws.split('.', 1)[0] ?? '') as Record<string, unknown>
}

/** The claims of an *unverified* JWS, to find who is to judge it. @throws when it is none */
export function unverifiedPayload(jws: string): Record<string, unknown> {
  return jsonOf(jws.split('.', 2)[1] ?? '') as Record<string, unknown>
}

/** @returns the payload of what `publicJwk` signed as `kind` */
export async function verifyJws(
  jws: string,
  publicJwk: JsonWebKey,
  kind: JwsKind,
): Promise<Result<unknown, JwsFailure>> {
  try {
    const [header = '', payload = '', signature = '', ...rest] = jws.split('.')
    const said = jsonOf(header) as Record<string, unknown>
    const isKind = said['alg'] === kind.alg && said['typ'] === kind.typ && !('crit' in said)
    if (rest.length > 0 || !isKind) return fail({ reason: 'malformed' })
    const algorithm = ALGORITHMS[kind.alg]
    const key = await crypto.subtle.importKey('jwk', publicJwk, algorithm, false, ['verify'])
    const signed = encoder.encode(`${header}.${payload}`)
    const isValid = await crypto.subtle.verify(algorithm, key, fromBase64Url(signature), signed)
    return isValid ? ok(jsonOf(payload)) : fail({ reason: 'bad_signature' })
  } catch {
    // Not base64url, not JSON, not a key: no JWS of ours.
    return fail({ reason: 'malformed' })
  }
}

/**
 * @param header members beside `alg` and `typ`
 * @throws DOMException when `privateJwk` is no key for the algorithm
 */
export async function signJws(
  payload: object,
  privateJwk: JsonWebKey,
  { alg, typ }: JwsKind,
  header: object = {},
): Promise<string> {
  const algorithm = ALGORITHMS[alg]
  const key = await crypto.subtle.importKey('jwk', privateJwk, algorithm, false, ['sign'])
  const signed = `${partOf({ alg, typ, ...header })}.${partOf(payload)}`
  const signature = await crypto.subtle.sign(algorithm, key, encoder.encode(signed))
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`
}
