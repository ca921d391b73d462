/**
 * API keys as text: `mcpk_<id><secret><checksum>`, 54 characters of base62 after a
 * prefix that nothing else has, so that secret scanners find a leaked one
 * (`mcpk_[0-9A-Za-z]{54}`) and the checksum tells it from a look-alike. What is
 * kept of a key is its id and a SHA-256: 190 random bits need no slower hash.
 *
 * Does NOT say whether a key counts: the ApiKeys object does.
 */
import { toBase64Url } from '../lib/base64url.ts'

export const API_KEY_PREFIX = 'mcpk_'
const ID_CHARS = 16
const SECRET_CHARS = 32
const CHECKSUM_CHARS = 6
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORM = new RegExp(
  `^${API_KEY_PREFIX}[0-9A-Za-z]{${ID_CHARS + SECRET_CHARS + CHECKSUM_CHARS}}$`,
)

export interface MadeApiKey {
  readonly id: string
  /** Shown once to whoever made it. */
  readonly key: string
  /** What may be kept. */
  readonly hash: string
}

export async function makeApiKey(): Promise<MadeApiKey> {
  const id = randomText(ID_CHARS)
  const body = id + randomText(SECRET_CHARS)
  const key = API_KEY_PREFIX + body + checksumOf(body)
  return { id, key, hash: await hashApiKey(key) }
}

/** The id in a key; `undefined` for what is none, a mistyped one included. No secret is needed to tell. */
export function apiKeyId(text: string): string | undefined {
  if (!FORM.test(text)) return undefined
  const body = text.slice(API_KEY_PREFIX.length, -CHECKSUM_CHARS)
  return text.endsWith(checksumOf(body)) ? body.slice(0, ID_CHARS) : undefined
}

export async function hashApiKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
  return toBase64Url(new Uint8Array(digest))
}

/** Without modulo bias: bytes beyond the last whole alphabet are thrown away. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * length))) {
      const isFair = byte < ALPHABET.length * Math.floor(256 / ALPHABET.length)
      if (isFair && text.length < length) text += ALPHABET[byte % ALPHABET.length]
    }
  }
  return text
}

/** CRC-32 (IEEE 802.3) in base62, as GitHub and others write it: scanners check it without us. */
function checksumOf(text: string): string {
  let crc = 0xffffffff
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let written = ''
  for (let at = 0; at < CHECKSUM_CHARS; at += 1) {
    written = (ALPHABET[rest % ALPHABET.length] ?? '') + written
    rest = Math.floor(rest / ALPHABET.length)
  }
  return written
}
