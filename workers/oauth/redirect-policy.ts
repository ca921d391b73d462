/** Which redirect URIs a client may have (DESIGN §5; RFC 8252 §7, RFC 9700 §2.1). */

/** Schemes in which a browser runs, reads or sends something instead of opening an app. */
const REFUSED_SCHEMES = new Set(
  'javascript: data: file: blob: vbscript: about: mailto: filesystem: view-source: ws: wss: ftp:'.split(
    ' ',
  ),
)

/** https, http on loopback (any port), or a private-use scheme; no user info, no fragment. */
export function isAllowedRedirectUri(text: string): boolean {
  // Control characters and spaces: URL parsers drop or move them, browsers differ in how.
  if (!/^[\x21-\x7e]+$/.test(text)) return false
  const url = URL.parse(text)
  if (!url || url.username || url.password || text.includes('#')) return false
  if (url.protocol === 'https:') return true
  if (url.protocol === 'http:') return isLoopback(url.hostname)
  return !REFUSED_SCHEMES.has(url.protocol)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** For `form-action`: browsers apply it to where the consent form's answer redirects, too. */
export function formActionSource(redirectUri: string): string {
  const url = new URL(redirectUri)
  const hasOrigin = url.protocol === 'https:' || url.protocol === 'http:'
  // An IPv6 literal is no host-source (CSP3 §2.3.1): only its scheme can be named.
  return hasOrigin && !url.hostname.startsWith('[') ? url.origin : url.protocol
}
