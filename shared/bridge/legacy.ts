/**
 * One request of a 2025 client, answered over servers that speak only 2026-07-28:
 * HTTP rules of the transport (as the official SDK 1.x server has them), the
 * session, then one handler per method.
 *
 * Does NOT authenticate, decide on tools, or bound the body: the router did.
 */
import {
  errorResponse,
  headerMismatch,
  invalidParams,
  invalidRequest,
  methodNotAllowed,
  notAcceptable,
  unsupportedMediaType,
} from '../protocol/errors.ts'
import {
  acceptsJsonAndEventStream,
  isJsonContentType,
  SESSION_HEADER,
  VERSION_HEADER,
} from '../protocol/headers.ts'
import {
  echoableId,
  asMessage,
  isObject,
  isRequestId,
  parseJson,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
} from '../protocol/jsonrpc.ts'
import { VERSION_KEY } from '../protocol/2026-07-28/envelope.ts'
import { successResponse } from '../protocol/2026-07-28/results.ts'
import {
  batchUnsupported,
  legacyMethodNotFound,
  legacyVersionUnsupported,
  sessionNotFound,
  sessionRequired,
} from '../protocol/2025-11-25/errors.ts'
import { offers } from '../protocol/offers.ts'
import { isLegacyVersion, type LegacyVersion } from '../protocol/versions.ts'
import { receiveAnswer } from './answers.ts'
import { legacyTools } from './content.ts'
import { follow } from './follow.ts'
import { initialize } from './initialize.ts'
import type { LegacyInput, ListKind } from './input.ts'
import { setLogLevel } from './log-level.ts'
import { resumeStream } from './resume.ts'
import { cancelCall } from './running.ts'
import { openSessionId, type LegacySession } from './session-id.ts'
import { callServer } from './server-call.ts'

/** What a client speaks that says nothing (2025-06-18 basic/transports "Protocol Version Header"). */
const ASSUMED_VERSION: LegacyVersion = '2025-03-26'

const ALLOWED_METHODS = { allow: 'POST, DELETE' }

export async function handleLegacy(input: LegacyInput): Promise<Response> {
  switch (input.request.method) {
    case 'POST':
      return post(input)
    case 'DELETE':
      return endSession(input)
    case 'GET':
      return resume(input)
    default:
      return refuseMethod()
  }
}

/** GET for the rest of a stream that was lost; the router answers any other GET itself. */
async function resume(input: LegacyInput): Promise<Response> {
  const found = await sessionOf(input)
  // A client must learn that its session ended also where it only listens.
  if (found === 'unknown') return errorResponse(null, sessionNotFound())
  const resumed = found === 'none' ? undefined : resumeStream(input, found)
  return resumed ?? refuseMethod()
}

const refuseMethod = (): Response => errorResponse(null, methodNotAllowed(), ALLOWED_METHODS)

async function endSession(input: LegacyInput): Promise<Response> {
  const found = await sessionOf(input)
  if (found === 'none') return errorResponse(null, sessionRequired())
  if (found === 'unknown') return errorResponse(null, sessionNotFound())
  await input.deleteSession(found.id, found.expiresAtSeconds)
  return new Response(null, { status: 200 })
}

async function post(input: LegacyInput): Promise<Response> {
  const { headers } = input.request
  if (!acceptsJsonAndEventStream(headers.get('accept'))) return errorResponse(null, notAcceptable())
  if (!isJsonContentType(headers.get('content-type'))) {
    return errorResponse(null, unsupportedMediaType())
  }
  const parsed = parseJson(input.body)
  if (!parsed.ok) return errorResponse(null, parsed.failure)
  if (Array.isArray(parsed.value)) return errorResponse(null, batchUnsupported())
  const message = asMessage(parsed.value)
  if (!message) return errorResponse(echoableId(parsed.value), invalidRequest())
  const confusion = eraConfusion(headers.get(VERSION_HEADER), message)
  if (confusion) return confusion
  if (message.kind === 'request' && message.message.method === 'initialize') {
    return initialize(input, message.message)
  }
  return dispatch(input, message)
}

/** A body of the other era under our header: no two parts may read one request differently. */
function eraConfusion(header: string | null, { kind, message }: JsonRpcMessage) {
  if (kind === 'response') return undefined
  const meta = message.params?.['_meta']
  if (!isObject(meta) || !(VERSION_KEY in meta)) return undefined
  const body = `the body envelope names protocol version ${String(meta[VERSION_KEY])} but the MCP-Protocol-Version header does not`
  return errorResponse(
    kind === 'request' ? message.id : null,
    headerMismatch(header ?? '(missing)', body),
  )
}

async function dispatch(input: LegacyInput, { kind, message }: JsonRpcMessage): Promise<Response> {
  const found = await sessionOf(input)
  if (found === 'unknown') return errorResponse(null, sessionNotFound())
  const version = input.request.headers.get(VERSION_HEADER)
  if (version !== null && !isLegacyVersion(version)) {
    return errorResponse(null, legacyVersionUnsupported(version))
  }
  const session = found === 'none' ? undefined : found
  switch (kind) {
    case 'notification':
      return notified(input, session, message)
    case 'response':
      if (!session) return errorResponse(null, sessionRequired())
      return receiveAnswer(input, session, message)
    case 'request':
      return answer(input, session, session?.version ?? version ?? ASSUMED_VERSION, message)
  }
}

/** Of all a client may tell, only a cancellation concerns anybody here. */
async function notified(
  input: LegacyInput,
  session: LegacySession | undefined,
  { method, params }: JsonRpcNotification,
): Promise<Response> {
  const requestId = params?.['requestId']
  if (session && method === 'notifications/cancelled' && isRequestId(requestId)) {
    await cancelCall(input, session, requestId)
  }
  return new Response(null, { status: 202 })
}

/** None of these needs a session; what does, asks for it where it finds out. */
async function answer(
  input: LegacyInput,
  session: LegacySession | undefined,
  version: LegacyVersion,
  request: JsonRpcRequest,
): Promise<Response> {
  const { id, method } = request
  if (!offers(input.server.capabilities, method)) return errorResponse(id, legacyMethodNotFound())
  switch (method) {
    case 'ping':
      return successResponse(id, '{}')
    case 'logging/setLevel':
      return setLogLevel(input, session, request)
    case 'tools/list':
      return list(input, 'tools', request, undefined)
    case 'prompts/list':
      return list(input, 'prompts', request, undefined)
    case 'resources/list':
      return list(input, 'resources', request, () =>
        callServer(method, input, session, version, request),
      )
    case 'resources/templates/list':
      return list(input, 'resourceTemplates', request, undefined)
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return follow(input, session, request)
    case 'tools/call':
    case 'prompts/get':
    case 'resources/read':
    case 'completion/complete':
      return callServer(method, input, session, version, request)
    default:
      return errorResponse(id, legacyMethodNotFound())
  }
}

/** @param ask the server itself, where only it knows */
async function list(
  { server }: LegacyInput,
  kind: ListKind,
  { id, params }: JsonRpcRequest,
  ask: (() => Promise<Response>) | undefined,
): Promise<Response> {
  const items = await server.list(kind)
  if (items === undefined && ask) return ask()
  if (params?.['cursor'] !== undefined) {
    // Such a list is one page, so no cursor was ever handed out.
    return errorResponse(id, invalidParams('Invalid cursor'))
  }
  const shown = kind === 'tools' ? legacyTools(items ?? '[]') : (items ?? '[]')
  return successResponse(id, `{"${kind}":${shown}}`)
}

/** The session the request names; `unknown` for an id that does not count here, whatever the reason. */
async function sessionOf(input: LegacyInput): Promise<LegacySession | 'none' | 'unknown'> {
  const text = input.request.headers.get(SESSION_HEADER)
  if (text === null) return 'none'
  const owner = { principal: input.principal, server: input.serverName }
  const session = await openSessionId(input.sealKeys, text, owner, input.nowSeconds)
  return session && !input.isSessionDeleted(session.id) ? session : 'unknown'
}
