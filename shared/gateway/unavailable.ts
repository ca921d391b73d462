/** What a call answers when no usable answer of the server can be had: 502, or 503 with a wait. */
import { ANSWER_HEADERS } from '../protocol/answer-headers.ts'
import { errorResponse, SERVER_ERROR } from '../protocol/errors.ts'
import { echoableId, parseJson } from '../protocol/jsonrpc.ts'
import type { RequestId } from '../protocol/request-id.ts'

/** @param status 502: something may have run; 503: nothing has */
export function unavailable(id: RequestId | null, status: 502 | 503, message: string): Response {
  const failure = { status, code: SERVER_ERROR, message }
  const retry = status === 503 ? { 'retry-after': '5' } : {}
  return errorResponse(id, failure, { ...ANSWER_HEADERS, ...retry })
}

/** The id of a JSON-RPC body. Only refusals need it, so only they pay for parsing the body. */
export function idOf(body: string): RequestId | null {
  const parsed = parseJson(body)
  return parsed.ok ? echoableId(parsed.value) : null
}
