/**
 * DPoP nonces (RFC 9449 §8, §9) that nobody stores: an HMAC of the minute. A proof
 * must carry one of this minute or the last, so none can be made ahead of its use.
 *
 * Router and authorization server share the secret, and each nonce is of one
 * origin: clients keep nonces by origin, so two servers on one must agree, and a
 * nonce of one origin says nothing at another.
 */
import { toBase64Url, tryFromBase64Url } from './base64url.ts'
import { NONCE_BUCKET_SECONDS } from './dpop-limits.ts'

export interface DpopNonces {
  /** For the `DPoP-Nonce` header. */
  current(nowSeconds: number): Promise<string>
  accepts(nonce: string, nowSeconds: number): Promise<boolean>
}

/** 128 of the 256 bits: a nonce is no secret, it only cannot be foretold. */
const NONCE_BYTES = 16
const SECRET_MIN_BYTES = 32
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const
const encoder = new TextEncoder()

/**
 * @param secret DPOP_SECRET: base64url, at least 32 bytes
 * @param origin whose nonces these are
 * @throws TypeError when the configured text has another form
 */
export function createDpopNonces(secret: string, origin: string): DpopNonces {
  const bytes = tryFromBase64Url(secret)
  if (!bytes || bytes.byteLength < SECRET_MIN_BYTES) {
    throw new TypeError(`DPOP_SECRET must be base64url of at least ${SECRET_MIN_BYTES} bytes`)
  }
  let key: Promise<CryptoKey> | undefined
  /** This bucket and its neighbours only. */
  const made = new Map<number, string>()

  async function nonceOf(bucket: number): Promise<string> {
    const known = made.get(bucket)
    if (known !== undefined) return known
    key ??= deriveKey(bytes as Uint8Array<ArrayBuffer>, origin)
    const mac = await crypto.subtle.sign(HMAC, await key, encoder.encode(String(bucket)))
    const nonce = toBase64Url(new Uint8Array(mac, 0, NONCE_BYTES))
    for (const old of made.keys()) if (Math.abs(old - bucket) > 1) made.delete(old)
    made.set(bucket, nonce)
    return nonce
  }

  return {
    current: (nowSeconds) => nonceOf(bucketOf(nowSeconds)),
    async accepts(nonce, nowSeconds) {
      const bucket = bucketOf(nowSeconds)
      return nonce === (await nonceOf(bucket)) || nonce === (await nonceOf(bucket - 1))
    },
  }
}

const bucketOf = (nowSeconds: number): number => Math.floor(nowSeconds / NONCE_BUCKET_SECONDS)

/** HKDF-SHA-256 (RFC 5869): the secret itself signs nothing. */
async function deriveKey(secret: Uint8Array<ArrayBuffer>, origin: string): Promise<CryptoKey> {
  const master = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const info = encoder.encode(`mcp-edge/dpop-nonce/${origin}`)
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  return crypto.subtle.deriveKey(derivation, master, { ...HMAC, length: 256 }, false, ['sign'])
}
