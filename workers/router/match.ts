/**
 * Step 1 of the request path: which part of the platform a URL means.
 * Pure: no catalog, so a private server's URL matches like an unknown one's.
 */
import { RESOURCE_METADATA } from '#shared/gateway/resource-uri.ts'
import { CATALOG_NAME, isServerName, resourcePathOf } from '#shared/protocol/names.ts'

export type Route =
  | { kind: 'mcp'; server: string }
  /** RFC 9728; `server` absent at the root. */
  | { kind: 'resource-metadata'; server: string | undefined }
  | { kind: 'oauth' }
  /** Search and administration; `path` begins with a slash. */
  | { kind: 'catalog'; path: string }
  /** Read API of the official MCP Registry; `path` begins with a slash. */
  | { kind: 'registry'; path: string }
  | { kind: 'home' }
  | { kind: 'health' }
  | { kind: 'unknown-well-known' }
  | { kind: 'not-found' }

const AS_METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
/** `/<s>/mcp`, `/<s>/mcp/` and `/<s>` name a server: clients write all three, and no other. */
const TAILS = new Set(['', 'mcp', 'mcp/'])
const REGISTRY_ROOT = 'v0.1'
const OAUTH_ROOTS = new Set('oauth authorize token register login logout account'.split(' '))

export function matchPath(pathname: string): Route {
  if (pathname === '/') return { kind: 'home' }
  if (pathname === '/health') return { kind: 'health' }
  if (pathname.startsWith('/.well-known/')) return matchWellKnown(pathname)
  const first = pathname.slice(1).split('/', 1)[0] ?? ''
  if (OAUTH_ROOTS.has(first)) return { kind: 'oauth' }
  if (first === CATALOG_NAME) return { kind: 'catalog', path: pathname.slice(first.length + 1) }
  if (first === REGISTRY_ROOT) return { kind: 'registry', path: pathname.slice(first.length + 1) }
  const server = serverOf(pathname)
  return server ? { kind: 'mcp', server } : { kind: 'not-found' }
}

function matchWellKnown(pathname: string): Route {
  if (pathname === RESOURCE_METADATA) return { kind: 'resource-metadata', server: undefined }
  if (pathname.startsWith(`${RESOURCE_METADATA}/`)) {
    const path = pathname.slice(RESOURCE_METADATA.length)
    const server = path === resourcePathOf(CATALOG_NAME) ? CATALOG_NAME : serverOf(path)
    return server ? { kind: 'resource-metadata', server } : { kind: 'unknown-well-known' }
  }
  const isAs = AS_METADATA.some((path) => pathname === path || pathname.startsWith(`${path}/`))
  return isAs ? { kind: 'oauth' } : { kind: 'unknown-well-known' }
}

function serverOf(pathname: string): string | undefined {
  const [, name = '', ...rest] = pathname.split('/')
  return TAILS.has(rest.join('/')) && isServerName(name) ? name : undefined
}
