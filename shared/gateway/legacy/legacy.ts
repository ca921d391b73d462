/**
 * One request of a 2025 client, answered over servers that speak only 2026-07-28:
 * HTTP rules of the transport (as the official SDK 1.x server has them), the
 * session, batches; `methods.ts` has one case per method.
 *
 * Does NOT authenticate, decide on tools, or bound the body: the router did.
 */
import {
  errorResponse,
  headerMismatch,
  invalidRequest,
  methodNotAllowed,
  notAcceptable,
  unsupportedMediaType,
} from '../../protocol/errors.ts'
import {
  acceptsJsonAndEventStream,
  isJsonContentType,
  SESSION_HEADER,
  VERSION_HEADER,
} from '../../protocol/headers.ts'
import {
  echoableId,
  asMessage,
  isObject,
  isRequestId,
  parseJson,
  type JsonRpcMessage,
  type JsonRpcNotification,
} from '../../protocol/jsonrpc.ts'
import { VERSION_KEY } from '../../protocol/revisions/2026-07-28/envelope.ts'
import {
  batchUnsupported,
  legacyVersionUnsupported,
  sessionNotFound,
  sessionRequired,
} from '../../protocol/revisions/2025-11-25/errors.ts'
import { isLegacyVersion, type LegacyVersion } from '../../protocol/versions.ts'
import { receiveAnswer } from './answers.ts'
import { answerBatch } from './batch.ts'
import { initialize } from './initialize.ts'
import type { LegacyInput } from './input.ts'
import { answer } from './methods.ts'
import { inPreferredForm } from './preferred-form.ts'
import { resumeStream } from './run/resume.ts'
import { cancelCall } from './run/running.ts'
import { openSessionId, type LegacySession } from './session-id.ts'

/** What a client speaks that says nothing (2025-06-18 basic/transports "Protocol Version Header"). */
const ASSUMED_VERSION: LegacyVersion = '2025-03-26'

const BATCHES_IN: LegacyVersion = '2025-03-26'

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
  const accept = headers.get('accept')
  if (!acceptsJsonAndEventStream(accept)) return errorResponse(null, notAcceptable())
  if (!isJsonContentType(headers.get('content-type'))) {
    return errorResponse(null, unsupportedMediaType())
  }
  const parsed = parseJson(input.body)
  if (!parsed.ok) return errorResponse(null, parsed.failure)
  if (Array.isArray(parsed.value)) return postBatch(input, parsed.value)
  const message = asMessage(parsed.value)
  if (!message) return errorResponse(echoableId(parsed.value), invalidRequest())
  const confusion = eraConfusion(headers.get(VERSION_HEADER), message)
  if (confusion) return confusion
  if (message.kind === 'request' && message.message.method === 'initialize') {
    return initialize(input, message.message)
  }
  const speaker = await speakerOf(input)
  if (speaker instanceof Response) return speaker
  return inPreferredForm(accept, await dispatch(input, speaker, message))
}

/** Only 2025-03-26 has batches (2025-06-18 changelog, item 1). */
async function postBatch(input: LegacyInput, items: unknown[]): Promise<Response> {
  const speaker = await speakerOf(input)
  if (speaker instanceof Response) return speaker
  if (speaker.version !== BATCHES_IN) return errorResponse(null, batchUnsupported())
  const version = input.request.headers.get(VERSION_HEADER)
  for (const item of items) {
    const message = asMessage(item)
    const confusion = message && eraConfusion(version, message)
    if (confusion) return confusion
  }
  return answerBatch(items, (message) => dispatch({ ...input, inBatch: true }, speaker, message))
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

/** Who speaks: the session, where there is one, and the revision. */
interface Speaker {
  readonly session: LegacySession | undefined
  readonly version: LegacyVersion
}

async function speakerOf(input: LegacyInput): Promise<Speaker | Response> {
  const found = await sessionOf(input)
  if (found === 'unknown') return errorResponse(null, sessionNotFound())
  const version = input.request.headers.get(VERSION_HEADER)
  if (version !== null && !isLegacyVersion(version)) {
    return errorResponse(null, legacyVersionUnsupported(version))
  }
  const session = found === 'none' ? undefined : found
  return { session, version: session?.version ?? version ?? ASSUMED_VERSION }
}

async function dispatch(
  input: LegacyInput,
  { session, version }: Speaker,
  { kind, message }: JsonRpcMessage,
): Promise<Response> {
  switch (kind) {
    case 'notification':
      return notified(input, session, message)
    case 'response':
      if (!session) return errorResponse(null, sessionRequired())
      return receiveAnswer(input, session, message)
    case 'request':
      return answer(input, session, version, message)
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

/** The session the request names; `unknown` for an id that does not count here, whatever the reason. */
async function sessionOf(input: LegacyInput): Promise<LegacySession | 'none' | 'unknown'> {
  const text = input.request.headers.get(SESSION_HEADER)
  if (text === null) return 'none'
  const owner = { principal: input.principal, server: input.serverName }
  const session = await openSessionId(input.sealKeys, text, owner, input.nowSeconds)
  return session && !input.isSessionDeleted(session) ? session : 'unknown'
}
