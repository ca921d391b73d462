/** Keys of one test run: an anchor, a signing key it vouches for, and seal keys. Made anew each time. */
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { certify, type SigningKey, type Trust } from '../../identity/assertion.ts'
import { toBase64Url } from '../../lib/base64url.ts'

/** Longer than any test run. */
const CERTIFICATE_LIFETIME_SECONDS = 24 * 3600
/** AES-256, and HMAC-SHA-256. */
const SECRET_BYTES = 32

/** A signing key and the anchor that vouches for it. */
export async function makeTrust(): Promise<{ trust: Trust; key: SigningKey }> {
  const anchor = await keyPair()
  const signer = await keyPair()
  const certificate = await certify(
    anchor.privateJwk,
    signer.publicJwk,
    CERTIFICATE_LIFETIME_SECONDS,
    nowSeconds(),
  )
  return {
    trust: { anchors: [anchor.publicJwk] },
    key: { privateJwk: signer.privateJwk, certificate },
  }
}

async function keyPair(): Promise<{ publicJwk: JWK; privateJwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}

/** The text of a DPOP_SECRET variable. */
export const makeNonceSecret = (): string =>
  toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))

/** The text of a SEAL_SECRETS variable. */
export const makeSealSecrets = (): string => `k1:${makeNonceSecret()}`

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)
