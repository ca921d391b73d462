/**
 * JSON-RPC errors of the MCP wire and the HTTP status each travels with
 * (2026-07-28 basic/index and streamable-http; JSON-RPC 2.0 §5.1). This is the
 * one place where a failure becomes a code. Response headers beside the content
 * type (`nosniff`, CORS) are the router's.
 */
import type { RequestId } from './request-id.ts'

export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603
/** Refusals of HTTP itself (405, 406, 413, 415, 401): implementation-defined, as the SDK numbers them. */
export const SERVER_ERROR = -32000
export const HEADER_MISMATCH = -32020
export const MISSING_CAPABILITY = -32021
export const UNSUPPORTED_VERSION = -32022

export interface WireError {
  /** HTTP status. 200 = in band: the request was understood, its answer is an error. */
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

const error = (status: number, code: number, message: string, data?: unknown): WireError =>
  data === undefined ? { status, code, message } : { status, code, message, data }

export const parseError = (
  message = 'Parse error: the request body is not valid JSON',
): WireError => error(400, PARSE_ERROR, message)

export const invalidRequest = (
  message = 'Bad Request: the request body is not a valid JSON-RPC message',
): WireError => error(400, INVALID_REQUEST, message)

/** The only invalid-params refusals with status 400: a bad or missing `_meta` envelope. */
export const invalidEnvelope = (message: string, envelope: unknown): WireError =>
  error(400, INVALID_PARAMS, message, { envelope })

/** @param data e.g. `{ uri }` for a resource that was not found */
export const invalidParams = (message: string, data?: unknown): WireError =>
  error(200, INVALID_PARAMS, message, data)

export const methodNotFound = (): WireError => error(404, METHOD_NOT_FOUND, 'Method not found')

export const headerMismatch = (header: string, body: string): WireError =>
  error(400, HEADER_MISMATCH, `Bad Request: the request headers and body disagree: ${body}`, {
    mismatch: { header, body },
  })

/** @param requiredCapabilities in the `ClientCapabilities` shape, e.g. `{ elicitation: { form: {} } }` */
export const missingCapability = (requiredCapabilities: Record<string, unknown>): WireError =>
  error(
    400,
    MISSING_CAPABILITY,
    `Missing required client capabilities: ${Object.keys(requiredCapabilities).join(', ')}`,
    { requiredCapabilities },
  )

export const unsupportedVersion = (
  supported: readonly string[],
  requested: string | undefined,
): WireError =>
  requested === undefined
    ? error(
        400,
        UNSUPPORTED_VERSION,
        'Unsupported protocol version: the request did not name a protocol version',
        { supported },
      )
    : error(400, UNSUPPORTED_VERSION, `Unsupported protocol version: ${requested}`, {
        supported,
        requested,
      })

/** @param ref joins the answer to its log line (`logUnexpected`) */
export const internalError = (ref: string): WireError =>
  error(500, INTERNAL_ERROR, `Internal error (ref ${ref})`)

/** An internal call without a valid assertion. No detail: whoever asks is not the router. */
export const unauthorized = (): WireError => error(401, SERVER_ERROR, 'Unauthorized')

export const methodNotAllowed = (): WireError => error(405, SERVER_ERROR, 'Method not allowed.')

export const notAcceptable = (needed = 'both application/json and text/event-stream'): WireError =>
  error(406, SERVER_ERROR, `Not Acceptable: Client must accept ${needed}`)

export const bodyTooLarge = (maxBytes: number): WireError =>
  error(413, SERVER_ERROR, `Payload too large: the request body exceeds ${maxBytes} bytes`)

export const unsupportedMediaType = (): WireError =>
  error(415, SERVER_ERROR, 'Unsupported Media Type: Content-Type must be application/json')

/** The JSON text of an error response. `id` is null when no single request's id could be read. */
export function errorJson(id: RequestId | null, { code, message, data }: WireError): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    error: data === undefined ? { code, message } : { code, message, data },
    id,
  })
}

export function errorResponse(
  id: RequestId | null,
  failure: WireError,
  headers?: Record<string, string>,
): Response {
  return new Response(errorJson(id, failure), {
    status: failure.status,
    headers: {
      'content-type': 'application/json',
      ...(failure.status === 405 ? { allow: 'POST' } : {}),
      ...headers,
    },
  })
}
