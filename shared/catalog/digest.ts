/** Pins what callers were shown: SHA-256 (base64url) of the RFC 8785 form of a server's definitions. */
import canonicalize from 'canonicalize'
import { toBase64Url } from '../auth/base64url.ts'
import type { Definitions } from './entry.ts'

/** @throws when `definitions` holds what JSON cannot (NaN, Infinity) */
export async function definitionsDigest(definitions: Definitions): Promise<string> {
  const text = canonicalize(definitions)
  if (text === undefined) throw new TypeError('definitions are not JSON')
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return toBase64Url(new Uint8Array(hash))
}
