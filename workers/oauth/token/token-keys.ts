/**
 * TOKEN_KEYS: a JSON array of ES256 JWKs, newest first. The first private one whose
 * `nbf` has come signs; all whose `exp` has not passed verify. So a new key is known
 * to everybody before it signs, and an old one counts as long as its last token:
 * rotation is one change of this text (scripts/keys/rotation.ts).
 */
import { calculateJwkThumbprint, type JWK } from 'jose'

export interface TokenKeys {
  readonly signing: JWK & { kid: string }
  /** Public halves, as `jwks_uri` publishes them. */
  readonly jwks: { keys: JWK[] }
}

/** A key and when it counts, in seconds since the epoch. */
type TimedKey = JWK & { kid: string; nbf?: number; exp?: number }

/** What counts at a time. @throws TypeError when nothing does */
export type TokenKeyRing = (nowSeconds: number) => TokenKeys

/** @throws TypeError when the configured text has another form */
export async function readTokenKeys(text: string): Promise<TokenKeyRing> {
  const keys = await Promise.all(parse(text).map(withThumbprint))
  return (nowSeconds) => {
    const counting = keys.filter(({ exp = Infinity }) => exp > nowSeconds)
    const signing = counting.find(({ nbf = 0, d }) => nbf <= nowSeconds && d)
    if (!signing) throw new TypeError('TOKEN_KEYS names no key that may sign now')
    return { signing, jwks: { keys: counting.map(publicHalf) } }
  }
}

function parse(text: string): JWK[] {
  const keys = JSON.parse(text) as JWK[]
  const usable = Array.isArray(keys) && keys.every(({ crv, x, y }) => crv === 'P-256' && x && y)
  if (!usable) throw new TypeError('TOKEN_KEYS must be a JSON array of P-256 JWKs')
  return keys
}

/** `kid` is the RFC 7638 thumbprint, whatever the configuration says. */
const withThumbprint = async (key: JWK): Promise<TimedKey> => ({
  ...key,
  kid: await calculateJwkThumbprint(key),
})

/** Named members only: what is not listed here, `d` above all, cannot leak. */
const publicHalf = ({ kty, crv, x, y, kid }: TimedKey): JWK =>
  ({ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }) as JWK
