/** Which requests pass the front door of `npm run dev`, and with which headers. Pure: no I/O. */
import { isLoopbackUrl } from '#shared/lib/public-address.ts'

export interface Refusal {
  readonly status: number
  /** The code, for programs. */
  readonly error: string
  /** What is wrong and what to do, for the person who sent it. */
  readonly sentence: string
}

/** Paths that wrangler and miniflare answer themselves; the Workers serve nothing below them. */
const WRANGLER_PATHS = /^\/(cdn-cgi|__cf_local)(\/|$)/
/** Headers by which miniflare is told which URL, Worker or `request.cf` is meant. */
const MINIFLARE_HEADER = /^mf-/i
/** A name or an address, and perhaps a port: nothing else that a URL could begin with. */
const HOST = /^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/i
/** Of one connection (RFC 9110 §7.6.1), and 100-continue, which the door answers itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
])

/**
 * @param target of the request line, as it was sent (RFC 9112 §3.2)
 * @param host the Host header
 * @param publicHost host name of the tunnel's origin, with `--public`
 * @returns the path and query to ask wrangler for: what was judged is what is sent
 */
export function judgeRequest(
  target: string,
  host: string | undefined,
  publicHost: string | undefined,
): { readonly path: string } | Refusal {
  if (!isServedHost(host ?? '', publicHost)) {
    return { status: 421, error: 'misdirected_request', sentence: wrongHost(publicHost) }
  }
  // An absolute URL, CONNECT's authority or "*": no client of a server sends them.
  const url = target.startsWith('/') ? URL.parse(`http://localhost${target}`) : null
  if (!url) {
    const sentence = 'Ask for a path that begins with "/" and can be read as part of a URL.'
    return { status: 400, error: 'invalid_request', sentence }
  }
  if (isWranglers(url.pathname)) {
    const sentence = 'Nothing is served here; see / for what is.'
    return { status: 404, error: 'not_found', sentence }
  }
  return { path: url.pathname + url.search }
}

/** Any other name may be one that a web page made lead to this machine (DNS rebinding). */
function isServedHost(host: string, publicHost: string | undefined): boolean {
  const url = HOST.test(host) ? URL.parse(`http://${host}`) : null
  return url !== null && (isLoopbackUrl(url.href) || url.hostname === publicHost)
}

function wrongHost(publicHost: string | undefined): string {
  const names = ['localhost', ...(publicHost === undefined ? [] : [publicHost])].join(' and ')
  return `This port serves ${names} only. For another name: npm run dev -- --public https://<name>`
}

/** As the path stands, and as servers read it that decode once more, join slashes, or ignore case. */
function isWranglers(pathname: string): boolean {
  for (let path = pathname; ; path = decode(path)) {
    const plain = path.replaceAll('\\', '/').replaceAll(/\/+/g, '/').toLowerCase()
    if (WRANGLER_PATHS.test(URL.parse(`http://localhost${plain}`)?.pathname ?? plain)) return true
    if (decode(path) === path) return false
  }
}

/** Escapes that are none stay as they are. Each round is shorter, so it ends. */
const decode = (path: string): string =>
  path.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/**
 * Without the headers of one connection and those that speak to miniflare. `Transfer-Encoding` stays:
 * without it Node would send a GET's body unframed, as another request.
 *
 * @param rawHeaders name, value, name, value …, in order; repeated headers stay repeated
 */
export function passedHeaders(rawHeaders: readonly string[]): string[] {
  const pairs = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
  )
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(','))
  const ofConnection = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())])
  ofConnection.delete('transfer-encoding')
  ofConnection.delete('content-length')
  ofConnection.delete('host')
  return pairs
    .filter(([name]) => !ofConnection.has(name.toLowerCase()) && !MINIFLARE_HEADER.test(name))
    .flat()
}

/** As it left the client, before a tunnel that ends TLS and may rewrite the Host: wrangler writes URLs in answers by it. */
export function asAsked(headers: readonly string[], { host, protocol }: URL): string[] {
  const replaced = new Set(['host', 'x-forwarded-proto'])
  const others = headers.flatMap((name, index) =>
    index % 2 === 0 && !replaced.has(name.toLowerCase()) ? [name, headers[index + 1] ?? ''] : [],
  )
  return ['Host', host, 'X-Forwarded-Proto', protocol.slice(0, -1), ...others]
}
