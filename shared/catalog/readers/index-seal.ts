/**
 * The Catalog's signature on an index. KV is a read copy that more people and tokens can
 * write than may change the catalog, so a reader believes an index from KV only with the
 * signature that the feed names for the version in force.
 *
 * The private key is made and kept by the Catalog object. The feed carries the public key
 * and the signature of the newest index, so an older index, signed just as well, is
 * refused, and a new key needs no overlap with the old one.
 */
import type { IndexSeal } from '../../contracts/feed.ts'
import { fromBase64Url, toBase64Url } from '../../lib/base64url.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { type CatalogIndex, indexKey } from '../entry.ts'

/** Ed25519 (RFC 8032): the same key and text always give the same signature. */
const ALGORITHM = { name: 'Ed25519' } as const

/** An index as KV holds it: `<signature>.<JSON>`. */
export const sealedText = ({ signature }: IndexSeal, text: string): string => `${signature}.${text}`

/** The KV key is part of what is signed: a text cannot be moved to another version. */
const signedBytes = (version: number, text: string): BufferSource =>
  new TextEncoder().encode(`mcp-edge ${indexKey(version)}\n${text}`)

/** @param privateKey Ed25519, usage `sign` */
export async function signIndex(
  privateKey: CryptoKey,
  version: number,
  text: string,
): Promise<string> {
  const signature = await crypto.subtle.sign(ALGORITHM, privateKey, signedBytes(version, text))
  return toBase64Url(new Uint8Array(signature))
}

/** Why a value of KV is refused, for the log. */
export type Refusal = 'not_json' | 'other_signature' | 'bad_signature' | 'not_its_key'

/**
 * @param value what KV holds under the key of `version`
 * @returns the index, if the Catalog signed exactly this text for exactly this version
 */
export async function openIndex(
  value: string,
  version: number,
  seal: IndexSeal,
): Promise<Result<CatalogIndex, Refusal>> {
  const start = sealedText(seal, '')
  if (!value.startsWith(start)) return fail('other_signature')
  const text = value.slice(start.length)
  if (!(await isSignedBy(seal, signedBytes(version, text)))) return fail('bad_signature')
  return ok(JSON.parse(text) as CatalogIndex)
}

async function isSignedBy({ key, signature }: IndexSeal, bytes: BufferSource): Promise<boolean> {
  try {
    const raw = fromBase64Url(key)
    const publicKey = await crypto.subtle.importKey('raw', raw, ALGORITHM, false, ['verify'])
    return await crypto.subtle.verify(ALGORITHM, publicKey, fromBase64Url(signature), bytes)
  } catch {
    // Not base64url, or no key.
    return false
  }
}
