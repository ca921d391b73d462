/**
 * A 2025 `tools/call` as the 2026-07-28 request it becomes: made once, repeated
 * with the answers for each round of questions.
 */
import { CAPABILITIES_KEY, CLIENT_INFO_KEY, VERSION_KEY } from '../protocol/2026-07-28/envelope.ts'
import { isObject, type JsonObject, type JsonRpcRequest } from '../protocol/jsonrpc.ts'
import { MODERN_VERSION } from '../protocol/versions.ts'
import type { PendingCall } from '../rpc.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { LegacySession } from './session-id.ts'

/** Keys the protocol keeps for itself: only the platform writes them inwards. */
const RESERVED_PREFIX = 'io.modelcontextprotocol/'

/** What an earlier round brought. */
export interface RoundAnswers {
  readonly requestState?: string | undefined
  readonly inputResponses?: JsonObject
}

/**
 * @returns `undefined` when `params.name` is missing or `arguments` is no object.
 *   Of the params only these two and `_meta` go on: a 2025 body cannot smuggle in
 *   the answers or the state of a 2026 round.
 */
export function pendingCall(
  { id, params = {} }: JsonRpcRequest,
  session: LegacySession | undefined,
): PendingCall | undefined {
  const { name, arguments: args, _meta: meta } = params
  if (typeof name !== 'string' || (args !== undefined && !isObject(args))) return undefined
  return {
    requestId: id,
    method: 'tools/call',
    name,
    params: {
      name,
      ...(args === undefined ? {} : { arguments: args }),
      _meta: {
        ...unreserved(isObject(meta) ? meta : {}),
        [VERSION_KEY]: MODERN_VERSION,
        [CAPABILITIES_KEY]: capabilitiesOf(session?.flags ?? ''),
        ...(session ? { [CLIENT_INFO_KEY]: session.client } : {}),
      },
    },
  }
}

export function innerBody({ requestId, method, params }: PendingCall, answers: RoundAnswers) {
  const { requestState, inputResponses } = answers
  return JSON.stringify({
    jsonrpc: '2.0',
    id: requestId,
    method,
    params: {
      ...params,
      ...(requestState === undefined ? {} : { requestState }),
      ...(inputResponses === undefined ? {} : { inputResponses }),
    },
  })
}

const unreserved = (meta: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => !key.startsWith(RESERVED_PREFIX)))
