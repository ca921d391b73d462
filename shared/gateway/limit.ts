/**
 * Step `limit` of a call: asks the gateway's Limiter about principal, server, tool and
 * method. A call over a limit is answered 429 with the wait in `Retry-After` (RFC 6585 §4).
 */
import { ANSWER_HEADERS } from '../protocol/answer-headers.ts'
import { errorResponse, SERVER_ERROR } from '../protocol/errors.ts'
import type { McpRequest, ServerCall } from './mcp-request.ts'
import { idOf } from './unavailable.ts'

const TOO_MANY_REQUESTS = 429

/** @returns the refusal; `undefined`: the call is within its limits */
export async function limit(mcp: McpRequest, call: ServerCall): Promise<Response | undefined> {
  const { method, name } = call
  const admitted = mcp.gateway.limiter.admit({
    principal: mcp.caller.principal,
    server: mcp.server.name,
    method,
    ...(name === undefined ? {} : { name }),
    requestChars: call.body.length,
  })
  // A limiter that answers at once costs no turn of the event loop.
  const verdict = admitted instanceof Promise ? await admitted : admitted
  if (!verdict) return undefined
  const { waitSeconds, sentence } = verdict
  const failure = { status: TOO_MANY_REQUESTS, code: SERVER_ERROR, message: sentence }
  const headers = { ...ANSWER_HEADERS, 'retry-after': String(waitSeconds) }
  return errorResponse(idOf(call.body), failure, headers)
}
