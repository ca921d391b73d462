/**
 * The validation ladder of 2026-07-28 (basic/index, transports/streamable-http,
 * SEP-2243): from (headers, parsed body) to a typed message or the error of the
 * first rung that fails, in the order the official SDK's server answers them.
 *
 * Does NOT check: HTTP method and content type, whether the method exists, its
 * parameters, who calls, or the router's decision.
 */
import {
  headerMismatch,
  invalidEnvelope,
  invalidRequest,
  unsupportedVersion,
  type WireError,
} from '../../errors.ts'
import { decodeHeaderValue, METHOD_HEADER, NAME_HEADER, VERSION_HEADER } from '../../headers.ts'
import {
  asMessage,
  echoableId,
  isObject,
  type JsonObject,
  type JsonRpcNotification,
  type JsonRpcRequest,
} from '../../jsonrpc.ts'
import type { RequestId } from '../../request-id.ts'
import { fail, ok, type Result } from '../../../lib/result.ts'
import { isModernEra, MODERN_VERSION, SUPPORTED_VERSIONS } from '../../versions.ts'
import { CAPABILITIES_KEY, envelopeIssue, VERSION_KEY, type Envelope } from './envelope.ts'

export interface ModernRequest {
  readonly kind: 'request'
  readonly id: RequestId
  readonly method: string
  /** With `_meta`; parameters of the method itself are not checked yet. */
  readonly params: JsonObject
  readonly meta: Envelope
}
export interface ModernNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject | undefined
}

/** The error of the rung that failed, and the id to echo. */
export interface LadderFailure {
  readonly id: RequestId | null
  readonly error: WireError
}

export type Climbed = Result<ModernRequest | ModernNotification, LadderFailure>

/** Methods whose `Mcp-Name` header mirrors a body field, and which field (SEP-2243, SEP-2663). */
const NAME_FIELDS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])

/** What `Mcp-Name` must say for this call; `undefined` for methods that have no name. */
export function nameOf(method: string, params: JsonObject | undefined): string | undefined {
  const field = NAME_FIELDS.get(method)
  const value = field === undefined ? undefined : params?.[field]
  return typeof value === 'string' ? value : undefined
}

/** Whether `Mcp-Name` is required for `method`. */
export const hasName = (method: string): boolean => NAME_FIELDS.has(method)

/** Climbs every rung. Pure; the body was parsed once by the caller. */
export function climbLadder(headers: Headers, body: unknown): Climbed {
  const refuse = (error: WireError): Climbed => fail({ id: echoableId(body), error })
  if (Array.isArray(body)) {
    return refuse(
      invalidRequest(
        body.length === 0
          ? 'Bad Request: empty JSON-RPC batch'
          : 'Bad Request: JSON-RPC batches may not contain requests for protocol revision 2026-07-28 or later',
      ),
    )
  }
  const message = asMessage(body)
  if (!message) return refuse(invalidRequest())
  if (message.kind === 'response') {
    return refuse(
      invalidRequest('Bad Request: JSON-RPC responses cannot be posted to this endpoint'),
    )
  }
  const error =
    message.kind === 'request'
      ? requestError(headers, message.message)
      : notificationError(headers, message.message)
  if (error) return refuse(error)
  const { method, params } = message.message
  if (message.kind === 'notification') return ok({ kind: 'notification', method, params })
  return ok({
    kind: 'request',
    id: message.message.id,
    method,
    params: params as JsonObject,
    meta: params?.['_meta'] as Envelope,
  })
}

function requestError(headers: Headers, request: JsonRpcRequest): WireError | undefined {
  const { method, params } = request
  const meta = metaOf(params)
  const version = headers.get(VERSION_HEADER)
  if (!meta || !(VERSION_KEY in meta)) return unclaimedError(version, method, meta)
  const issue = envelopeIssue(meta)
  if (issue) {
    return invalidEnvelope(
      `Invalid _meta envelope for protocol revision ${MODERN_VERSION}: ${issue.key}: ${issue.problem}`,
      issue,
    )
  }
  const claimed = meta[VERSION_KEY] as string
  if (version !== null && version !== claimed) return versionMismatch(version, claimed)
  const methodHeader = headers.get(METHOD_HEADER)
  if (methodHeader !== null && methodHeader !== method) return methodMismatch(methodHeader, method)
  if (claimed !== MODERN_VERSION) return unsupportedVersion(SUPPORTED_VERSIONS, claimed)
  if (version === null) {
    return headerMismatch(
      '(missing)',
      `the body envelope names protocol version ${claimed} but the required MCP-Protocol-Version header is absent`,
    )
  }
  if (methodHeader === null) {
    return headerMismatch(
      '(missing)',
      `the body names method ${method} but the required Mcp-Method header is absent`,
    )
  }
  return nameError(headers.get(NAME_HEADER), method, params)
}

/** A request without the claim key: of the modern era only if its header says so. */
function unclaimedError(
  version: string | null,
  method: string,
  meta: JsonObject | undefined,
): WireError {
  if (version === null || !isModernEra(version)) {
    return unsupportedVersion(SUPPORTED_VERSIONS, version ?? undefined)
  }
  if (method === 'initialize') {
    return headerMismatch(
      version,
      'an initialize request (legacy handshake) was sent with a modern MCP-Protocol-Version header',
    )
  }
  const missing = meta ? [VERSION_KEY, CAPABILITIES_KEY].filter((key) => !(key in meta)) : ['_meta']
  return invalidEnvelope(
    `Invalid params: the MCP-Protocol-Version header names protocol revision ${version}, but the request is missing the required per-request envelope key(s): ${missing.join(', ')}`,
    { missing },
  )
}

function nameError(
  header: string | null,
  method: string,
  params: JsonObject | undefined,
): WireError | undefined {
  const field = NAME_FIELDS.get(method)
  if (field === undefined) return undefined
  const name = nameOf(method, params)
  if (header === null) {
    // A body without the name either is a params error, further on.
    if (name === undefined) return undefined
    return headerMismatch(
      '(missing)',
      `the body carries params.${field}="${name}" but the required Mcp-Name header is absent`,
    )
  }
  const decoded = decodeHeaderValue(header)
  if (decoded === undefined) {
    return headerMismatch(header, 'the Mcp-Name header carries an invalid Base64 sentinel value')
  }
  if (name !== undefined && decoded !== name) {
    return headerMismatch(
      header,
      `the body carries params.${field}="${name}" but the Mcp-Name header names "${decoded}"`,
    )
  }
  return undefined
}

function notificationError(
  headers: Headers,
  { method, params }: JsonRpcNotification,
): WireError | undefined {
  const meta = metaOf(params)
  const version = headers.get(VERSION_HEADER)
  if (meta && VERSION_KEY in meta) {
    const claimed = meta[VERSION_KEY]
    if (typeof claimed !== 'string') {
      const issue = { key: VERSION_KEY, problem: 'Invalid input: expected string' }
      return invalidEnvelope(
        `Invalid _meta envelope for protocol revision ${MODERN_VERSION}: ${issue.key}: ${issue.problem}`,
        issue,
      )
    }
    if (version !== null && version !== claimed) return versionMismatch(version, claimed)
    if (claimed !== MODERN_VERSION) return unsupportedVersion(SUPPORTED_VERSIONS, claimed)
  }
  const methodHeader = headers.get(METHOD_HEADER)
  if (methodHeader !== null && methodHeader !== method) return methodMismatch(methodHeader, method)
  return undefined
}

function metaOf(params: JsonObject | undefined): JsonObject | undefined {
  const meta = params?.['_meta']
  return isObject(meta) ? meta : undefined
}

const versionMismatch = (header: string, claimed: string): WireError =>
  headerMismatch(
    header,
    `the body envelope names protocol version ${claimed} but the MCP-Protocol-Version header names ${header}`,
  )

const methodMismatch = (header: string, method: string): WireError =>
  headerMismatch(
    header,
    `the body names method ${method} but the Mcp-Method header names ${header}`,
  )
