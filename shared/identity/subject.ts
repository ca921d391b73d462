/** Opaque user ids: what tokens and servers see instead of an IdP's `sub`. */
import { toBase64Url } from '../lib/base64url.ts'

/** The issuer under which the holder of the owner link is known. */
export const OWNER_ISSUER = 'urn:mcp-edge:owner-link'

/** base64url SHA-256 of issuer and subject: stable, 43 characters, no `:`. */
export async function subjectOf(issuer: string, sub: string): Promise<string> {
  const text = new TextEncoder().encode(`${issuer}|${sub}`)
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', text)))
}
