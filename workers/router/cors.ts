/**
 * CORS and the Origin check (DESIGN §5; MCP transport: an Origin that is not
 * allowed is refused before anything else). No credentials are ever allowed:
 * the platform's API is authorised by header, not by cookie.
 */
import { PREFLIGHT_HEADERS_MAX, PREFLIGHT_MAX_AGE_SECONDS } from '#shared/gateway/limits.ts'

const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce, Retry-After'
const METHODS = 'GET, POST, DELETE, OPTIONS'
const HEADER_NAME = /^[a-z0-9-]{1,64}$/
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export interface OriginPolicy {
  /** What `Access-Control-Allow-Origin` answers, or `undefined`: refuse with 403. */
  allow(origin: string): string | undefined
}

/**
 * @param publicOrigin on loopback only loopback origins may call (DNS rebinding)
 * @param allowedOrigins comma-separated list that narrows a public host; empty = any
 */
export function createOriginPolicy(publicOrigin: string, allowedOrigins: string): OriginPolicy {
  if (isLoopback(publicOrigin)) {
    return { allow: (origin) => (isLoopback(origin) ? origin : undefined) }
  }
  const listed = new Set(allowedOrigins.split(',').map((origin) => origin.trim()))
  listed.delete('')
  if (listed.size === 0) return { allow: () => '*' }
  return { allow: (origin) => (listed.has(origin) ? origin : undefined) }
}

function isLoopback(origin: string): boolean {
  const host = URL.parse(origin)?.hostname
  return host !== undefined && LOOPBACK_HOST.test(host)
}

export function preflightResponse(request: Request, allowOrigin: string): Response {
  const requested = (request.headers.get('Access-Control-Request-Headers') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => HEADER_NAME.test(name))
    .slice(0, PREFLIGHT_HEADERS_MAX)
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': allowOrigin,
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': requested.join(', '),
      'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_SECONDS),
      Vary: 'Origin, Access-Control-Request-Headers',
    },
  })
}

/** Makes an answer readable to the page that asked, also 401, 403 and 429. */
export function exposeTo(allowOrigin: string, response: Response): Response {
  response.headers.set('Access-Control-Allow-Origin', allowOrigin)
  response.headers.set('Access-Control-Expose-Headers', EXPOSED)
  if (allowOrigin !== '*') response.headers.append('Vary', 'Origin')
  return response
}
