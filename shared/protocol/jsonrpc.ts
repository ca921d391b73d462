/**
 * JSON-RPC 2.0 messages as MCP restricts them: ids are strings or integers,
 * params an object, no member beyond the standard's. Says what a message *is*;
 * does not check its method, envelope or headers (see `2026-07-28/ladder.ts`).
 */
import { type RequestId } from './request-id.ts'
import { invalidRequest, parseError, type WireError } from './errors.ts'
import { fail, ok, type Result } from '../lib/result.ts'

export type ProgressToken = string | number
export type JsonObject = Record<string, unknown>

export interface JsonRpcRequest {
  jsonrpc: '2.0'
  id: RequestId
  method: string
  params?: JsonObject
}
export interface JsonRpcNotification {
  jsonrpc: '2.0'
  method: string
  params?: JsonObject
}
export interface JsonRpcSuccess {
  jsonrpc: '2.0'
  id: RequestId
  result: JsonObject
}
export interface JsonRpcFailure {
  jsonrpc: '2.0'
  id?: RequestId | null
  error: { code: number; message: string; data?: unknown }
}

export type JsonRpcMessage =
  | { kind: 'request'; message: JsonRpcRequest }
  | { kind: 'notification'; message: JsonRpcNotification }
  | { kind: 'response'; message: JsonRpcSuccess | JsonRpcFailure }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Larger integers would be echoed as other ones: JSON numbers are doubles here. */
export const isRequestId = (value: unknown): value is RequestId =>
  typeof value === 'string' || Number.isSafeInteger(value)

/** JSON text → value. The caller has bounded the text (`readBody`). */
export function parseJson(text: string): Result<unknown, WireError> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return fail(parseError())
  }
}

/** JSON text → one message; −32700 for text that is not JSON, −32600 for JSON that is no message. */
export function parseMessage(text: string): Result<JsonRpcMessage, WireError> {
  const json = parseJson(text)
  if (!json.ok) return json
  const message = asMessage(json.value)
  return message ? ok(message) : fail(invalidRequest())
}

/** What a parsed value is; `undefined` when it is no single JSON-RPC message (a batch included). */
export function asMessage(value: unknown): JsonRpcMessage | undefined {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return undefined
  if ('method' in value) return asCall(value)
  if ('result' in value) {
    return isRequestId(value['id']) && isObject(value['result']) && hasOnly(value, 3)
      ? { kind: 'response', message: value as unknown as JsonRpcSuccess }
      : undefined
  }
  return isFailure(value)
    ? { kind: 'response', message: value as unknown as JsonRpcFailure }
    : undefined
}

function asCall(value: JsonObject): JsonRpcMessage | undefined {
  const { method, params } = value
  if (typeof method !== 'string') return undefined
  if ('params' in value && !isParams(params)) return undefined
  const standardMembers = 'params' in value ? 3 : 2
  if (!('id' in value)) {
    return hasOnly(value, standardMembers)
      ? { kind: 'notification', message: value as unknown as JsonRpcNotification }
      : undefined
  }
  return isRequestId(value['id']) && hasOnly(value, standardMembers + 1)
    ? { kind: 'request', message: value as unknown as JsonRpcRequest }
    : undefined
}

/** Every member counted was tested by name before, so a count is enough to find a foreign one. */
const hasOnly = (value: JsonObject, members: number): boolean =>
  Object.keys(value).length === members

function isParams(params: unknown): params is JsonObject {
  if (!isObject(params)) return false
  const meta = params['_meta']
  if (meta === undefined) return true
  return (
    isObject(meta) && (meta['progressToken'] === undefined || isRequestId(meta['progressToken']))
  )
}

function isFailure(value: JsonObject): boolean {
  const { id, error } = value
  return (
    isObject(error) &&
    Number.isInteger(error['code']) &&
    typeof error['message'] === 'string' &&
    // What `echoableId` echoes: also an id that no request may have.
    (id === undefined || id === null || typeof id === 'string' || typeof id === 'number') &&
    hasOnly(value, 'id' in value ? 3 : 2)
  )
}

/**
 * The id an error answer echoes: that of a single request, also a malformed one
 * as long as its id could be read; else null (JSON-RPC 2.0 §5).
 */
export function echoableId(body: unknown): RequestId | null {
  if (!isObject(body) || typeof body['method'] !== 'string') return null
  const { id } = body
  return typeof id === 'string' || typeof id === 'number' ? id : null
}
