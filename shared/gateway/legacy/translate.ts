/**
 * 2026-07-28 messages as a 2025 client knows them. Pure: text and values in,
 * text and values out; decides nothing and calls nobody.
 *
 * What servers send is not trusted: what is no message of a tool call's answer
 * is reported as such, never passed on.
 */
import { INVALID_PARAMS } from '../../protocol/errors.ts'
import { errorRule, RESOURCE_NOT_FOUND } from '../../protocol/revisions/2025-11-25/errors.ts'
import { errorAnswerJson } from '../../protocol/revisions/2025-11-25/messages.ts'
import { SERVER_INFO_KEY } from '../../protocol/revisions/2026-07-28/envelope.ts'
import {
  asMessage,
  isObject,
  type JsonObject,
  type JsonRpcFailure,
  type JsonRpcNotification,
  type JsonRpcSuccess,
} from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'
import { missingText } from './capabilities.ts'
import { legacyContent, legacyItems, legacyMessages } from './content.ts'
import type { InnerMethod } from './input.ts'
import { shaped, shapedList } from './shape.ts'

/** One message of a server's answer, in terms of what a 2025 client is to see. */
export type Translated =
  /** A notification to pass on. */
  | { kind: 'event'; text: string }
  /** The answer to the client's request. */
  | { kind: 'final'; text: string }
  /** The server wants answers first; either member may be empty, not both. */
  | { kind: 'ask'; requests: Readonly<Record<string, unknown>>; requestState: string | undefined }
  /** The tool needs what this client did not declare. */
  | { kind: 'lacks'; text: string }
  /** Nothing a 2025 client knows: say nothing. */
  | { kind: 'nothing' }
  /** No JSON-RPC at all: of the server, broken; with an HTTP refusal, the router's own words. */
  | { kind: 'foreign' }
  /** A message that must not be here; `detail` is for the log. */
  | { kind: 'broken'; detail: string }

/** Notifications that belong to one request; others have no place on its stream. */
const PASSED_NOTIFICATIONS = new Set(['notifications/progress', 'notifications/message'])

/** 2025-03-26 changelog. */
const PROGRESS_MESSAGE_SINCE: LegacyVersion = '2025-03-26'

export interface Target {
  /** Id of the client's own request. */
  readonly requestId: RequestId
  readonly method: InnerMethod
  readonly version: LegacyVersion
}

/** @param status HTTP status the text came with; 200 inside a stream */
export function translate(text: string, status: number, target: Target): Translated {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'foreign' }
  }
  const message = asMessage(value)
  if (message?.kind === 'notification') return notification(message.message, text, target)
  if (!message) return { kind: 'foreign' }
  if (message.kind === 'request') return { kind: 'broken', detail: 'a request on the inner wire' }
  return 'error' in message.message
    ? failure(message.message, status, target)
    : success(message.message, target)
}

function notification(
  { method, params }: JsonRpcNotification,
  text: string,
  { version }: Target,
): Translated {
  if (!PASSED_NOTIFICATIONS.has(method)) return { kind: 'nothing' }
  if (params?.['message'] === undefined || version >= PROGRESS_MESSAGE_SINCE) {
    return { kind: 'event', text }
  }
  const shown = { jsonrpc: '2.0', method, params: shaped('progress', params, version) }
  return { kind: 'event', text: JSON.stringify(shown) }
}

function failure({ error }: JsonRpcFailure, status: number, target: Target): Translated {
  switch (errorRule(error.code, status)) {
    case 'pass':
      return { kind: 'final', text: errorAnswerJson(target.requestId, legacyError(error, target)) }
    case 'capability': {
      const { data } = error
      const text = missingText(isObject(data) ? data['requiredCapabilities'] : undefined)
      return { kind: 'lacks', text }
    }
    case 'internal':
      return { kind: 'broken', detail: `error ${error.code}: ${error.message}` }
  }
}

/** A resource that is not there had a code of its own until 2026-07-28 (SEP-2164). */
function legacyError(error: JsonRpcFailure['error'], { method }: Target): JsonRpcFailure['error'] {
  const { code, data } = error
  const notFound =
    method === 'resources/read' &&
    code === INVALID_PARAMS &&
    isObject(data) &&
    typeof data['uri'] === 'string'
  return notFound ? { ...error, code: RESOURCE_NOT_FOUND } : error
}

function success({ result }: JsonRpcSuccess, target: Target): Translated {
  switch (result['resultType']) {
    case 'complete':
      return { kind: 'final', text: finalJson(result, target) }
    case 'input_required':
      return inputRequired(result)
    default:
      return { kind: 'broken', detail: `resultType ${JSON.stringify(result['resultType'])}` }
  }
}

function inputRequired({ inputRequests, requestState }: JsonObject): Translated {
  const requests = isObject(inputRequests) ? inputRequests : {}
  const state = typeof requestState === 'string' ? requestState : undefined
  if (Object.keys(requests).length === 0 && state === undefined) {
    return { kind: 'broken', detail: 'input_required without question and state' }
  }
  return { kind: 'ask', requests, requestState: state }
}

/** A complete result without what only 2026-07-28 knows. */
function finalJson(result: JsonObject, { requestId, method, version }: Target): string {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta: meta, ...rest } = result
  const kept = withoutServerInfo(meta)
  return JSON.stringify({
    jsonrpc: '2.0',
    id: requestId,
    result: {
      ...shapedResult(method, rest, version),
      ...(kept ? { _meta: kept } : {}),
    },
  })
}

function shapedResult(method: InnerMethod, result: JsonObject, version: LegacyVersion): JsonObject {
  switch (method) {
    case 'tools/call':
      return toolResult(result, version)
    case 'prompts/get':
      return { ...result, messages: legacyMessages(result['messages'], version) }
    case 'resources/read':
      return { ...result, contents: shapedList('contents', result['contents'], version) }
    case 'resources/list':
      return { ...result, resources: legacyItems('resources', result['resources'], version) }
    case 'completion/complete':
      return result
  }
}

const STRUCTURED_SINCE: LegacyVersion = '2025-06-18'

function toolResult(
  { structuredContent, ...rest }: JsonObject,
  version: LegacyVersion,
): JsonObject {
  const isKnown = structuredContent !== undefined && version >= STRUCTURED_SINCE
  return {
    ...rest,
    content: legacyContent(rest['content'], version),
    ...(isKnown ? { structuredContent: objectOf(structuredContent) } : {}),
  }
}

/** 2025 allows objects alone; the official SDK 2.x wraps the rest in the same way (SEP-2106). */
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : { result: value })

function withoutServerInfo(meta: unknown): JsonObject | undefined {
  if (!isObject(meta)) return undefined
  const { [SERVER_INFO_KEY]: _serverInfo, ...kept } = meta
  return Object.keys(kept).length > 0 ? kept : undefined
}
