/** Pins what callers were shown: SHA-256 (base64url) of the RFC 8785 form of a server's definitions. */
import { canonicalJson } from '../canonical-json.ts'
import { toBase64Url } from '../auth/base64url.ts'
import type { Definitions } from './entry.ts'

/** @throws TypeError when `definitions` holds what JSON cannot say (NaN, Infinity) */
export async function definitionsDigest(definitions: Definitions): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(definitions))
  const hash = await crypto.subtle.digest('SHA-256', bytes)
  return toBase64Url(new Uint8Array(hash))
}
