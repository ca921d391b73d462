/** A table of routes: method and path with `:names`. */
import type { Account } from './account.ts'

export interface Call {
  readonly account: Account
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Buffer<ArrayBuffer>
  /** Content-Type of the body. */
  readonly type: string
}

/** Anything but the usual JSON envelope. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly rawBody: Uint8Array
}

type Handle = (call: Call) => unknown
/** `[ 'GET /workers/scripts/:name', handler ]` */
export type Route = readonly [pattern: string, handle: Handle]

export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { handle: Handle; params: Record<string, string> } | undefined {
  for (const [pattern, handle] of routes) {
    const [routeMethod, routePath = ''] = pattern.split(' ')
    const params = routeMethod === method ? matchPath(routePath, path) : undefined
    if (params) return { handle, params }
  }
  return undefined
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = decodeURIComponent(given[index] ?? '')
    if (part.startsWith(':')) params[part.slice(1)] = value
    else if (part !== value) return undefined
  }
  return params
}

/** @throws SyntaxError when it is none: wrangler sent something unexpected */
export const jsonOf = <Body>(call: Call): Body => JSON.parse(call.body.toString()) as Body
