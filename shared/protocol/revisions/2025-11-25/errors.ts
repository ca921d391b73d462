/**
 * Errors of the 2025 wire: those of its sessions (basic/transports "Session
 * Management"; codes and texts as the official SDK 1.x answers them), and the one
 * table from a 2026-07-28 error to what a 2025 client is told.
 */
import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  PARSE_ERROR,
  SERVER_ERROR,
  UNSUPPORTED_VERSION,
  type WireError,
} from '../../errors.ts'
import { LEGACY_VERSIONS } from '../../versions.ts'

/** Of the SDK's own making; clients recognise a lost session by the status. */
export const SESSION_NOT_FOUND = -32001

/** 2025-11-25 server/resources "Error Handling"; −32602 since 2026-07-28. */
export const RESOURCE_NOT_FOUND = -32002

export const resourceNotFound = (uri: string): WireError => ({
  status: 200,
  code: RESOURCE_NOT_FOUND,
  message: `Resource not found: ${uri}`,
  data: { uri },
})

/** One answer for an id that was forged, lent, deleted or has expired: it says nothing to a prober. */
export const sessionNotFound = (): WireError => ({
  status: 404,
  code: SESSION_NOT_FOUND,
  message: 'Session not found',
})

export const sessionRequired = (): WireError => ({
  status: 400,
  code: SERVER_ERROR,
  message: 'Bad Request: Mcp-Session-Id header is required',
})

export const legacyVersionUnsupported = (requested: string): WireError => ({
  status: 400,
  code: SERVER_ERROR,
  message: `Bad Request: Unsupported protocol version: ${requested} (supported versions: ${LEGACY_VERSIONS.join(', ')})`,
})

export const batchUnsupported = (): WireError => ({
  status: 400,
  code: INVALID_REQUEST,
  message: 'Bad Request: JSON-RPC batches are not supported by this protocol version',
})

/** In 2025 a method nobody knows is answered in band. */
export const legacyMethodNotFound = (): WireError => ({
  status: 200,
  code: METHOD_NOT_FOUND,
  message: 'Method not found',
})

/**
 * How an error of the inner call reaches a 2025 client:
 *  - `pass`: the same error, in band;
 *  - `capability`: a failed tool call that says what the client lacks;
 *  - `internal`: the bridge's own request was refused, which no client caused: masked.
 */
export type ErrorRule = 'pass' | 'capability' | 'internal'

/** Statuses with which the inner wire answers JSON-RPC errors; any other is a refusal of the router. */
export const IN_BAND_STATUSES: ReadonlySet<number> = new Set([200, 400, 404, 500])

const RULES: ReadonlyMap<number, ErrorRule> = new Map([
  [MISSING_CAPABILITY, 'capability'],
  [HEADER_MISMATCH, 'internal'],
  [UNSUPPORTED_VERSION, 'internal'],
  [PARSE_ERROR, 'internal'],
  [INVALID_REQUEST, 'internal'],
  // Masked already, with a reference that is in the server's log.
  [INTERNAL_ERROR, 'pass'],
])

/** @param status HTTP status the error came with; 200 inside a stream */
export function errorRule(code: number, status: number): ErrorRule {
  // Status 400 marks a bad envelope (2026-07-28 basic/index), and the envelope was ours.
  if (code === INVALID_PARAMS && status === 400) return 'internal'
  return RULES.get(code) ?? 'pass'
}
