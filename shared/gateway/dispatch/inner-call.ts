/**
 * The inner call: one request to a server, and its answer rebuilt. Nothing a server sends
 * is trusted: status, content type and headers come from an allow-list, bodies
 * are bounded, redirects and cookies end here.
 */
import { withTimeout } from '../../lib/lifetime.ts'
import { logEvent, logUnexpected } from '../../lib/log.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { parseMessage } from '../../protocol/jsonrpc.ts'
import { PARAM_PREFIX, type ParamHeader } from '../../protocol/param-headers.ts'
import {
  DECISION_HEADER,
  DIGEST_HEADER,
  DIGEST_MISMATCH_STATUS,
  OUTCOME_HEADER,
  PRINCIPAL_HEADER,
} from '../../contracts/inner-wire.ts'
import { limitStream, readBounded } from './bounded-body.ts'
import {
  RESPONSE_BODY_MAX_BYTES,
  RESPONSE_STREAM_BOUNDS,
  SERVER_ANSWER_TIMEOUT_MS,
} from '../limits.ts'
import type { ServerHandle } from '../ports.ts'

export interface InternalCall {
  handle: ServerHandle
  serverName: string
  assertion: string
  /** `encodeDecision()` of what was allowed. */
  decision: string
  /** MCP headers of the 2026-07-28 request; see {@link mcpHeadersOf}. */
  headers: Record<string, string>
  body: string
  signal: AbortSignal | undefined
  /** The answer goes to the client as it comes: nothing in this isolate reads it. */
  unread?: boolean | undefined
}

export type ServerOutcome =
  | { kind: 'answer'; response: Response; isError: boolean }
  /** SERVERS no longer knows the name. */
  | { kind: 'unknown_server' }
  /** The server runs other definitions than the call was decided on. Its handler did not run. */
  | { kind: 'digest_mismatch' }
  /** An answer no client may see; already logged under `ref`. */
  | { kind: 'bad_answer'; ref: string }

const FORWARDED = ['accept', 'mcp-protocol-version', 'mcp-method', 'mcp-name'] as const
/**
 * The request headers a server may see: an allow-list, so the caller's token,
 * cookies, forwarding headers and anything named `x-mcp-edge-*` cannot pass.
 *
 * @param paramHeaders arguments of the tool that clients repeat as headers (SEP-2243)
 */
export function mcpHeadersOf(
  request: Request,
  paramHeaders: readonly ParamHeader[] = [],
): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const name of FORWARDED) {
    const value = request.headers.get(name)
    if (value !== null) headers[name] = value
  }
  for (const { name } of paramHeaders) {
    const value = request.headers.get(PARAM_PREFIX + name)
    if (value !== null) headers[PARAM_PREFIX + name] = value
  }
  return headers
}

/** Never throws: what goes wrong on the way to a server or back is a `bad_answer`. */
export async function askServer(call: InternalCall): Promise<ServerOutcome> {
  try {
    return await withTimeout(send(call), SERVER_ANSWER_TIMEOUT_MS)
  } catch (error) {
    const ref = logUnexpected('server_unreachable', error, { server: call.serverName })
    return { kind: 'bad_answer', ref }
  }
}

async function send(call: InternalCall): Promise<ServerOutcome> {
  const { headers, assertion, decision, body, signal } = call
  const answer = await call.handle.fetch({
    method: 'POST',
    headers: { ...headers, [PRINCIPAL_HEADER]: assertion, [DECISION_HEADER]: decision },
    body,
    ...(signal && { signal }),
    redirect: 'manual',
  })
  if (!answer) return { kind: 'unknown_server' }
  if (answer.status === DIGEST_MISMATCH_STATUS && answer.headers.has(DIGEST_HEADER)) {
    await answer.body?.cancel()
    return { kind: 'digest_mismatch' }
  }
  const response = await rebuild(answer, call.unread === true)
  if (response) return { kind: 'answer', response, isError: tellsOfFailure(answer) }
  await answer.body?.cancel().catch(() => undefined)
  const ref = crypto.randomUUID().slice(0, 8)
  const type = answer.headers.get('content-type')
  logEvent('server_bad_answer', { ref, server: call.serverName, status: answer.status, type })
  return { kind: 'bad_answer', ref }
}

const JSON_HEADERS = { 'content-type': 'application/json', ...ANSWER_HEADERS }
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
  ...ANSWER_HEADERS,
}
/** What counts against a revision: failures of tools and of the server, not requests it refused. */
const tellsOfFailure = ({ status, headers }: Response): boolean =>
  status >= 500 || headers.get(OUTCOME_HEADER) === 'error'

/** What the 2026-07-28 wire answers (PROTOCOL: error table); 401 and 403 are the router's alone. */
const PASSED_STATUSES = new Set([200, 202, 400, 404, 406, 413, 415, 500])

async function rebuild(answer: Response, unread: boolean): Promise<Response | undefined> {
  const { status, headers } = answer
  if (!PASSED_STATUSES.has(status)) return undefined
  if (status === 202) {
    await answer.body?.cancel()
    return new Response(null, { status, headers: ANSWER_HEADERS })
  }
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json') {
    if (unread && status === 200 && answer.body && declaresItsLength(headers)) {
      return new Response(answer.body, { status, headers: JSON_HEADERS })
    }
    const bytes = await readBounded(answer.body, RESPONSE_BODY_MAX_BYTES)
    if (!bytes || (status !== 200 && !isErrorMessage(bytes))) return undefined
    return new Response(bytes, { status, headers: JSON_HEADERS })
  }
  if (type === 'text/event-stream' && status === 200 && answer.body) {
    const stream = limitStream(answer.body, RESPONSE_STREAM_BOUNDS)
    return new Response(stream, { status, headers: STREAM_HEADERS })
  }
  return undefined
}

/**
 * As the engine declares it, whose answers are bounded. HTTP holds a server to it;
 * over a binding one that lies sends its own caller more, and costs this isolate
 * no memory.
 */
function declaresItsLength(headers: Headers): boolean {
  const declared = headers.get('content-length')
  if (declared === null || headers.has('content-encoding')) return false
  return Number(declared) <= RESPONSE_BODY_MAX_BYTES
}

/** A refusal on the 2026-07-28 wire is a JSON-RPC error; what a runtime writes for a crash is not. */
function isErrorMessage(bytes: Uint8Array): boolean {
  const parsed = parseMessage(new TextDecoder().decode(bytes))
  return parsed.ok && parsed.value.kind === 'response' && 'error' in parsed.value.message
}
