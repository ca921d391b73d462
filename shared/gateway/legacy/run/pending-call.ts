/**
 * A call of a 2025 client as the 2026-07-28 request it becomes: made once,
 * repeated with the answers for each round of questions.
 */
import {
  CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
  VERSION_KEY,
} from '../../../protocol/revisions/2026-07-28/envelope.ts'
import { decidedName } from '../../../protocol/revisions/2026-07-28/decided-name.ts'
import { isObject, type JsonObject, type JsonRpcRequest } from '../../../protocol/jsonrpc.ts'
import { errorAnswerJson, toolErrorJson } from '../../../protocol/revisions/2025-11-25/messages.ts'
import { SERVER_ERROR } from '../../../protocol/errors.ts'
import { MODERN_VERSION } from '../../../protocol/versions.ts'
import type { PendingCall } from '../../../contracts/entrypoints.ts'
import { capabilitiesOf } from '../capabilities.ts'
import type { InnerMethod } from '../input.ts'
import { DEFAULT_LOG_LEVEL } from '../log-level.ts'
import type { LegacySession } from '../session-id.ts'

/** Keys the protocol keeps for itself: only the platform writes them inwards. */
const RESERVED_PREFIX = 'io.modelcontextprotocol/'

/** What an earlier round brought. */
export interface RoundAnswers {
  readonly requestState?: string | undefined
  readonly inputResponses?: JsonObject
}

/** Members of each method's params that go on: a 2025 body cannot smuggle in answers or state of a 2026 round. */
const PARAMS: Readonly<Record<InnerMethod, readonly string[]>> = {
  'tools/call': ['name', 'arguments'],
  'prompts/get': ['name', 'arguments'],
  'resources/read': ['uri'],
  'resources/list': ['cursor'],
  'completion/complete': ['ref', 'argument', 'context'],
}

/** @returns `undefined` when what the call is for is not named, or `arguments` is no object */
export function pendingCall(
  method: InnerMethod,
  { id, params = {} }: JsonRpcRequest,
  session: LegacySession | undefined,
): PendingCall | undefined {
  const name = decidedName(method, params)
  if (name === undefined && method !== 'resources/list') return undefined
  if (params['arguments'] !== undefined && !isObject(params['arguments'])) return undefined
  const meta = params['_meta']
  return {
    requestId: id,
    method,
    name: name ?? '',
    params: {
      ...Object.fromEntries(
        PARAMS[method].flatMap((key) => (params[key] === undefined ? [] : [[key, params[key]]])),
      ),
      _meta: {
        ...unreserved(isObject(meta) ? meta : {}),
        [VERSION_KEY]: MODERN_VERSION,
        [CAPABILITIES_KEY]: capabilitiesOf(session?.flags ?? ''),
        ...(session ? { [CLIENT_INFO_KEY]: session.client } : {}),
        [LOG_LEVEL_KEY]: session?.logLevel ?? DEFAULT_LOG_LEVEL,
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

/** A failure of the call: for the model where it called a tool, an error elsewhere. */
export const failureJson = ({ method, requestId }: PendingCall, text: string): string =>
  method === 'tools/call'
    ? toolErrorJson(requestId, text)
    : errorAnswerJson(requestId, { code: SERVER_ERROR, message: text })

const unreserved = (meta: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => !key.startsWith(RESERVED_PREFIX)))
