/**
 * A call by an alias (shared/catalog/tuning.ts) reaches the tool under its own
 * name: server, claims and sealed state know no other. Decided on before, so that
 * a refusal names what the caller named. Calls by a tool's own name pass untouched.
 */
import { encodeHeaderValue, NAME_HEADER } from '../../protocol/headers.ts'
import { isObject, parseJson } from '../../protocol/jsonrpc.ts'
import type { ServerCall } from '../mcp-request.ts'
import type { ServerRecord } from '../ports.ts'

export function withRealName({ compiled }: ServerRecord, call: ServerCall): ServerCall {
  if (call.method !== 'tools/call' || call.name === undefined) return call
  const name = compiled.tools.get(call.name)?.realName
  if (name === undefined) return call
  const body = parseJson(call.body)
  if (!body.ok || !isObject(body.value) || !isObject(body.value['params'])) return call
  // A body that names another tool than the header is left alone: the engine refuses it.
  const { params } = body.value
  if (params['name'] !== call.name) return call
  return {
    ...call,
    name,
    headers: { ...call.headers, [NAME_HEADER]: encodeHeaderValue(name) },
    body: JSON.stringify({ ...body.value, params: { ...params, name } }),
  }
}
