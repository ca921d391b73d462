/**
 * `logging/setLevel` (2025-11-25 server/utilities/logging) without an object: the
 * level stands in the session id, so the answer carries a new id of the same
 * session. The official SDK 1.x takes up any id it is given; a client that keeps
 * the old one goes on at the level it had.
 */
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import { SESSION_HEADER } from '../../protocol/headers.ts'
import type { JsonRpcRequest } from '../../protocol/jsonrpc.ts'
import { LOG_LEVELS, type LogLevel } from '../../protocol/revisions/2026-07-28/envelope.ts'
import { successResponse } from '../../protocol/revisions/2026-07-28/results.ts'
import { sessionRequired } from '../../protocol/revisions/2025-11-25/errors.ts'
import type { LegacyInput } from './input.ts'
import { withLogLevel, type LegacySession } from './session-id.ts'

/** What clients get that set none: as much as the reference servers send, debug output aside. */
export const DEFAULT_LOG_LEVEL: LogLevel = 'info'

export async function setLogLevel(
  { sealKeys, principal, serverName }: LegacyInput,
  session: LegacySession | undefined,
  { id, params }: JsonRpcRequest,
): Promise<Response> {
  const level = LOG_LEVELS.find((known) => known === params?.['level'])
  if (!level) {
    return errorResponse(id, invalidParams(`Invalid level: use one of ${LOG_LEVELS.join(', ')}`))
  }
  if (!session) return errorResponse(id, sessionRequired())
  const response = successResponse(id, '{}')
  const owner = { principal, server: serverName }
  response.headers.set(SESSION_HEADER, await withLogLevel(sealKeys, owner, session, level))
  return response
}
