/** TOKEN_KEYS: a JSON array of private ES256 JWKs. The first signs; all verify (rotation with overlap). */
import { calculateJwkThumbprint, type JWK } from 'jose'

export interface TokenKeys {
  readonly signing: JWK & { kid: string }
  /** Public halves, as `jwks_uri` publishes them. */
  readonly jwks: { keys: JWK[] }
}

/** @throws TypeError when the configured text has another form */
export async function readTokenKeys(text: string): Promise<TokenKeys> {
  const keys = await Promise.all(parse(text).map(withThumbprint))
  const [signing] = keys
  if (!signing) throw new TypeError('TOKEN_KEYS names no key')
  return { signing, jwks: { keys: keys.map(publicHalf) } }
}

function parse(text: string): JWK[] {
  const keys = JSON.parse(text) as JWK[]
  const usable = Array.isArray(keys) && keys.every((key) => key.crv === 'P-256' && key.d)
  if (!usable) throw new TypeError('TOKEN_KEYS must be a JSON array of private P-256 JWKs')
  return keys
}

/** `kid` is the RFC 7638 thumbprint, whatever the configuration says. */
const withThumbprint = async (key: JWK): Promise<JWK & { kid: string }> => ({
  ...key,
  kid: await calculateJwkThumbprint(key),
})

/** Named members only: what is not listed here, `d` above all, cannot leak. */
const publicHalf = ({ kty, crv, x, y, kid }: JWK & { kid: string }): JWK =>
  ({ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }) as JWK
