/**
 * Text that only the holder of a secret can read: sealed under a key derived from
 * that secret, of which nothing but a hash is kept beside it. What lies in storage
 * opens nothing, whoever reads it.
 */
import { fromBase64Url, toBase64Url } from '#shared/lib/base64url.ts'

const encoder = new TextEncoder()
const IV_BYTES = 12

/** @param holder a random secret of at least 128 bits @param purpose what is sealed for one never opens for another */
export async function sealFor(holder: string, purpose: string, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const key = await keyOf(holder, purpose, 'encrypt')
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(text))
  return `${toBase64Url(iv)}.${toBase64Url(new Uint8Array(sealed))}`
}

/** @throws when `holder` is not the one it was sealed for */
export async function openFor(holder: string, purpose: string, sealed: string): Promise<string> {
  const [iv = '', text = ''] = sealed.split('.')
  const key = await keyOf(holder, purpose, 'decrypt')
  const algorithm = { name: 'AES-GCM', iv: fromBase64Url(iv) }
  return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, fromBase64Url(text)))
}

/** HKDF-SHA-256 (RFC 5869): a plain hash of the holder, where one is stored, opens nothing. */
async function keyOf(
  holder: string,
  purpose: string,
  use: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', encoder.encode(holder), 'HKDF', false, [
    'deriveKey',
  ])
  const info = encoder.encode(`mcp-edge/oauth/${purpose}`)
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  return crypto.subtle.deriveKey(derivation, secret, { name: 'AES-GCM', length: 256 }, false, [use])
}
