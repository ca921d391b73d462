/**
 * DPoP nonces (RFC 9449 §8, §9) that nobody stores: an HMAC of the minute. A proof
 * must carry one of this minute or the last, so none can be made ahead of its use.
 *
 * Router and authorization server share the secret, and each nonce is of one
 * origin: clients keep nonces by origin, so two servers on one must agree, and a
 * nonce of one origin says nothing at another.
 */
import { toBase64Url, tryFromBase64Url } from '../lib/base64url.ts'
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
 * @param secrets DPOP_SECRET: `base64url[:until][,…]`, at least 32 bytes each. The first
 *   makes nonces, all count until their time (seconds since the epoch): while a secret is
 *   replaced, router and authorization server may hold different ones first.
 * @param origin whose nonces these are
 * @throws TypeError when the configured text has another form
 */
export function createDpopNonces(secrets: string, origin: string): DpopNonces {
  const sources = secrets.split(',').map((part) => createSource(part.trim(), origin))
  const [first] = sources as [NonceSource]
  return {
    current: (nowSeconds) => first.nonceOf(bucketOf(nowSeconds)),
    async accepts(nonce, nowSeconds) {
      const bucket = bucketOf(nowSeconds)
      for (const { nonceOf, until } of sources) {
        if (until <= nowSeconds) continue
        if (nonce === (await nonceOf(bucket)) || nonce === (await nonceOf(bucket - 1))) return true
      }
      return false
    },
  }
}

interface NonceSource {
  readonly until: number
  nonceOf(bucket: number): Promise<string>
}

const SECRET = /^([\w-]+)(?::(\d+))?$/

function createSource(text: string, origin: string): NonceSource {
  const [, encoded = '', until] = SECRET.exec(text) ?? []
  const bytes = tryFromBase64Url(encoded)
  if (!bytes || bytes.byteLength < SECRET_MIN_BYTES) {
    throw new TypeError(
      `DPOP_SECRET must be "base64url[:until][,…]" of at least ${SECRET_MIN_BYTES} bytes each`,
    )
  }
  let key: Promise<CryptoKey> | undefined
  /** This bucket and its neighbours only. */
  const made = new Map<number, string>()
  return {
    until: Number(until ?? Infinity),
    async nonceOf(bucket) {
      const known = made.get(bucket)
      if (known !== undefined) return known
      key ??= deriveKey(bytes, origin)
      const mac = await crypto.subtle.sign(HMAC, await key, encoder.encode(String(bucket)))
      const nonce = toBase64Url(new Uint8Array(mac, 0, NONCE_BYTES))
      for (const old of made.keys()) if (Math.abs(old - bucket) > 1) made.delete(old)
      made.set(bucket, nonce)
      return nonce
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
