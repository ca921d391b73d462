/**
 * The address at which a person links an account. It says whom it is for in a few
 * characters, so that the page can tell a browser of somebody else's; it is no
 * secret, and gives nobody anything: the page links for whoever is signed in there.
 */
import { toBase64Url } from '../lib/base64url.ts'

export const CONNECTIONS_PATH = '/oauth/connections'
/** 48 bits tell people of one platform apart, and name nobody. */
const MARK_CHARS = 8

export const linkFor = async (issuer: string, service: string, subject: string): Promise<string> =>
  `${issuer}${CONNECTIONS_PATH}/${service}?for=${await markOf(subject)}`

export async function markOf(subject: string): Promise<string> {
  const text = new TextEncoder().encode(`mcp-edge/connection/${subject}`)
  const digest = await crypto.subtle.digest('SHA-256', text)
  return toBase64Url(new Uint8Array(digest)).slice(0, MARK_CHARS)
}
