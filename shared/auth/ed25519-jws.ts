/**
 * Verification of the one kind of JWS every author's Worker sees: compact, EdDSA
 * over Ed25519 (RFC 7515, RFC 8037), by the runtime's own crypto. jose would do
 * the same for 3.5 KiB of the 40 a server may have; it still signs them.
 *
 * One algorithm, one type, no critical extension is understood (RFC 8725 §3.1,
 * §3.11; RFC 7515 §4.1.11). Does NOT check any claim.
 */
import { fromBase64Url } from './base64url.ts'

interface JwsHeader {
  alg?: unknown
  typ?: unknown
  crit?: unknown
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** A part that is JSON. @throws when it is not */
const jsonOf = (part: string): unknown => JSON.parse(decoder.decode(fromBase64Url(part)))

/** The header of an *unverified* JWS, to find the key it names. @throws when it is none */
export function unverifiedHeader(jws: string): Record<string, unknown> {
  return jsonOf(jws.split('.', 1)[0] ?? '') as Record<string, unknown>
}

/** @returns the payload, or `undefined` for every JWS that `publicJwk` did not sign as `typ` */
export async function verifyEd25519Jws(
  jws: string,
  publicJwk: JsonWebKey,
  typ: string,
): Promise<unknown> {
  try {
    const [header = '', payload = '', signature = '', ...rest] = jws.split('.')
    const said = jsonOf(header) as JwsHeader
    if (rest.length > 0 || said.alg !== 'EdDSA' || said.typ !== typ || 'crit' in said) {
      return undefined
    }
    const key = await crypto.subtle.importKey('jwk', publicJwk, 'Ed25519', false, ['verify'])
    const signed = encoder.encode(`${header}.${payload}`)
    const valid = await crypto.subtle.verify('Ed25519', key, fromBase64Url(signature), signed)
    return valid ? jsonOf(payload) : undefined
  } catch {
    // Not base64url, not JSON, not a key: no JWS of ours.
    return undefined
  }
}
