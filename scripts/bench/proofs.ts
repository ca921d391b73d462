/** DPoP proofs as a client makes them (RFC 9449 §4.2): one for each call, by one key. */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'
import type { PlatformSecrets } from '../keys/platform-keys.ts'

/** More than a connection's worth of calls in any window; a proof counts once. */
const PROOFS = 6_000

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
const HEADER = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })

/** RFC 7638. */
export const PROOF_JKT = digest(JSON.stringify({ crv, kty, x, y }))

/** For calls of `url` with one access token, from now on for a minute. */
export async function makeProofs(
  { router }: PlatformSecrets,
  url: URL,
  accessToken: string,
): Promise<string[]> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const nonce = await createDpopNonces(router.DPOP_SECRET, url.origin).current(nowSeconds)
  const common = { htm: 'POST', htu: url.href, iat: nowSeconds, ath: digest(accessToken), nonce }
  return Array.from({ length: PROOFS }, () => {
    const signed = `${HEADER}.${part({ ...common, jti: randomUUID() })}`
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
  })
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
