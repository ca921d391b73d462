/** `resources/subscribe` and `resources/unsubscribe` (2025-11-25 server/resources "Subscriptions"). */
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import type { JsonRpcRequest } from '../../protocol/jsonrpc.ts'
import { successResponse } from '../../protocol/revisions/2026-07-28/results.ts'
import { sessionRequired } from '../../protocol/revisions/2025-11-25/errors.ts'
import type { LegacyInput } from './input.ts'
import type { LegacySession } from './session-id.ts'

export async function follow(
  input: LegacyInput,
  session: LegacySession | undefined,
  { id, method, params }: JsonRpcRequest,
): Promise<Response> {
  const uri = params?.['uri']
  if (typeof uri !== 'string') {
    return errorResponse(id, invalidParams(`Invalid ${method} request: uri must be a string`))
  }
  if (!session) return errorResponse(id, sessionRequired())
  const refusal = await input.follow(session, id, uri, method === 'resources/subscribe')
  return refusal ?? successResponse(id, '{}')
}
