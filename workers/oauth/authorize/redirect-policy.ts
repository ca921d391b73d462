/**
 * Which redirect URIs a code or an error may be sent to: a list of what is allowed
 * (RFC 8252 §7, §8.4; RFC 9700 §2.1). Registration and the authorization endpoint ask here;
 * so a URI that only a metadata document lists is judged when a request names it.
 *
 * Does NOT say that the URI is the client's: the library compares it with the registered ones.
 */

/** All a URI may be written with (RFC 3986 §2): no space, no control character, no backslash. */
const URI_CHARACTERS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/

/** RFC 8252 §7.1: a domain name of the app's maker, in reverse; then a path, or an authority and a path. */
const REVERSE_DOMAIN = /^[a-z]{2,63}(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+:\//

/** `//publisher.extension/path`. No query: editors take commands with their arguments by the same scheme. */
const EDITOR = /^\/\/[\w-]+(\.[\w-]+)+(\/[^?]*)?$/

/**
 * Apps whose scheme is no domain name, each with what its own callbacks look like after the
 * scheme. Only callbacks: the same schemes also open files, install servers and fill in prompts.
 */
const KNOWN_APPS: Readonly<Record<string, RegExp>> = {
  // VS Code and the editors made from it: Cursor's own client, and extensions such as Cline in all.
  'code-oss': EDITOR,
  cursor: EDITOR,
  kiro: EDITOR,
  trae: EDITOR,
  vscode: EDITOR,
  'vscode-insiders': EDITOR,
  vscodium: EDITOR,
  windsurf: EDITOR,
  // Claude's desktop app.
  claude: /^\/\/claude\.ai\/mcp-auth-callback(\/[^?]*)?$/,
  // Grok Bot, which Cursor's client registers together with its own.
  grokbot: /^\/\/mcp\/oauth\/callback$/,
  // Raycast, one package of it.
  raycast: /^\/\/oauth\?package_name=[^&]+$/,
  // The terminal Warp.
  warp: /^\/\/mcp\/oauth2callback(\?.*)?$/,
}

const LOOPBACK_HOST = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/

/** An app on the person's own computer listens there (RFC 8252 §7.3). */
export function isLoopbackRedirect(uri: string): boolean {
  const url = URL.parse(uri)
  return url !== null && /^https?:$/.test(url.protocol) && LOOPBACK_HOST.test(url.hostname)
}

/**
 * What is wrong with a redirect URI.
 *
 * @returns a sentence without its full stop; `undefined` where the URI is allowed
 */
export function redirectUriFault(text: string): string | undefined {
  const url = URI_CHARACTERS.test(text) ? URL.parse(text) : null
  if (!url) return 'A redirect URI must be an absolute URI, without spaces and backslashes'
  if (text.includes('#')) return 'A redirect URI must not have a fragment (#)'
  if (url.username || url.password) {
    return 'A redirect URI must not hold a user name or a password'
  }
  const fault = schemeFault(text, url)
  if (fault) return fault
  // Parsers and browsers differ in other spellings. An origin alone is as clear as with its slash.
  return text === url.href || text === url.origin
    ? undefined
    : `This redirect URI must be written as ${url.href}`
}

function schemeFault(text: string, url: URL): string | undefined {
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') {
    return LOOPBACK_HOST.test(url.hostname)
      ? undefined
      : 'An http redirect URI must lead to this computer (http://127.0.0.1:…/); elsewhere use https'
  }
  const scheme = url.protocol.slice(0, -1)
  const callback = Object.hasOwn(KNOWN_APPS, scheme) ? KNOWN_APPS[scheme] : undefined
  if (callback) {
    return callback.test(text.slice(url.protocol.length))
      ? undefined
      : `This is not a callback of the app that opens ${url.protocol} links`
  }
  if (!REVERSE_DOMAIN.test(url.href)) {
    return "An app's own scheme must be a domain name in reverse (com.example.app:/callback); else use https, or http on loopback"
  }
  return LOOPBACK_HOST.test(url.hostname)
    ? 'The host of this redirect URI would look like this computer; use com.example.app:/callback'
    : undefined
}

/** For `form-action`: browsers apply it to where the consent form's answer redirects, too. */
export function formActionSource(redirectUri: string): string {
  const url = new URL(redirectUri)
  const hasOrigin = url.protocol === 'https:' || url.protocol === 'http:'
  // An IPv6 literal is no host-source (CSP3 §2.3.1): only its scheme can be named.
  return hasOrigin && !url.hostname.startsWith('[') ? url.origin : url.protocol
}
