/**
 * One request of a tool to an upstream service, with the person's token put in where
 * the tool cannot see it: only to hosts the operator named, no redirect elsewhere,
 * no cookie either way.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import type { ConnectionFailure, ConnectionRequest } from '../contracts/entrypoints.ts'
import { type Provider, isSafeUrl } from './connection-config.ts'
import { CONNECTION_BODY_MAX_BYTES, CONNECTION_REDIRECTS_MAX } from './connection-limits.ts'

/** A token that counts; asked again with the one that was refused. */
export type TokenSource = (refused?: string) => Promise<Result<string, ConnectionFailure>>

/** What would speak for somebody else, or to the proxies between. */
const DROPPED =
  /^(authorization|cookie|dpop|host|forwarded|proxy-.*|x-forwarded-.*|cf-.*|x-mcp-edge-.*)$/i
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

export async function fetchUpstream(
  asked: ConnectionRequest,
  { hosts }: Pick<Provider, 'hosts'>,
  token: TokenSource,
): Promise<Result<Response, ConnectionFailure>> {
  if (!isAllowed(asked, hosts)) return fail({ reason: 'not_allowed' })
  const first = await token()
  if (!first.ok) return first
  const answer = await send(asked, hosts, first.value)
  if (answer.status !== 401) return ok(answer)
  await answer.body?.cancel()
  // Revoked there, or ended early: one fresh token, then it is the person's turn.
  const second = await token(first.value)
  if (!second.ok) return second
  return ok(await send(asked, hosts, second.value))
}

function isAllowed(asked: ConnectionRequest, hosts: readonly string[]): boolean {
  const url = isSafeUrl(asked.url) ? new URL(asked.url) : undefined
  const bytes = typeof asked.body === 'string' ? asked.body.length : (asked.body?.byteLength ?? 0)
  return (
    url !== undefined &&
    hosts.includes(url.host) &&
    METHODS.has(asked.method) &&
    bytes <= CONNECTION_BODY_MAX_BYTES
  )
}

async function send(
  { url, method, headers, body }: ConnectionRequest,
  hosts: readonly string[],
  token: string,
): Promise<Response> {
  const sent = new Headers(headers.filter(([name]) => !DROPPED.test(name)))
  sent.set('authorization', `Bearer ${token}`)
  const init = {
    method,
    headers: sent,
    redirect: 'manual' as const,
    ...(body === undefined ? {} : { body }),
  }
  let address = url
  for (let hop = 0; ; hop += 1) {
    // oxlint-disable-next-line no-restricted-globals -- to a host of the operator's list; its answer is streamed
    const answer = await fetch(address, init)
    const next =
      hop < CONNECTION_REDIRECTS_MAX ? redirectOf(answer, address, method, hosts) : undefined
    if (next === undefined) return withoutCookies(answer)
    await answer.body?.cancel()
    address = next
  }
}

/** Where a redirect of a reading request leads, if the token may go there too. */
function redirectOf(
  { status, headers }: Response,
  from: string,
  method: string,
  hosts: readonly string[],
): string | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(status)
  const location = headers.get('location')
  if (!isRedirect || location === null || (method !== 'GET' && method !== 'HEAD')) return undefined
  const next = URL.parse(location, from)
  return next && isSafeUrl(next.href) && hosts.includes(next.host) ? next.href : undefined
}

function withoutCookies(answer: Response): Response {
  const headers = new Headers(answer.headers)
  headers.delete('set-cookie')
  return new Response(answer.body, {
    status: answer.status,
    statusText: answer.statusText,
    headers,
  })
}
