/**
 * Messages of the 2025 wire as JSON text: what the bridge says to a client
 * (2025-11-25 basic/lifecycle, server/tools, client/elicitation).
 */
import type { WireError } from '../../errors.ts'
import type { JsonObject } from '../../jsonrpc.ts'
import type { RequestId } from '../../request-id.ts'
import type { LegacyVersion } from '../../versions.ts'

export interface InitializeParts {
  readonly protocolVersion: LegacyVersion
  readonly capabilities: JsonObject
  readonly serverInfo: JsonObject
  readonly instructions?: string | undefined
}

export function initializeResult(parts: InitializeParts): string {
  const { protocolVersion, capabilities, serverInfo, instructions } = parts
  return JSON.stringify({
    protocolVersion,
    capabilities,
    serverInfo,
    ...(instructions === undefined ? {} : { instructions }),
  })
}

/** A request of the server's, such as `elicitation/create`; the client answers it in a POST of its own. */
export const requestJson = (id: string, method: string, params: JsonObject | undefined): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, ...(params ? { params } : {}) })

export const errorAnswerJson = (
  id: RequestId,
  { code, message, data }: Omit<WireError, 'status'>,
): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  })

/** A tool call that failed in a way the model should read (server/tools "Error Handling"). */
export const toolErrorJson = (id: RequestId, text: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    result: { content: [{ type: 'text', text }], isError: true },
  })

/** Takes back a question the client need not show any longer (basic/utilities/cancellation). */
export const cancelledJson = (requestId: string, reason: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId, reason },
  })

/** What is told when the invocation that went on with a run was lost with its isolate. */
export const INTERRUPTED =
  'The call was interrupted before it finished; whether it took effect is unknown'
