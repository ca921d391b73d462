/** Headers of a 2026-07-28 request that the platform itself makes: for 2025 clients and for tasks. */
import type { CompiledServer } from '../../catalog/list.ts'
import {
  encodeHeaderValue,
  METHOD_HEADER,
  NAME_HEADER,
  VERSION_HEADER,
} from '../../protocol/headers.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import { headersFor } from '../../protocol/param-headers.ts'
import { hasName } from '../../protocol/revisions/2026-07-28/ladder.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import type { CalledMethod } from '../decide/target.ts'

/** @param body JSON text; read only for a tool whose arguments travel as headers too */
export function innerHeaders(
  server: CompiledServer,
  method: CalledMethod,
  name: string | undefined,
  body: string,
): Record<string, string> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    [VERSION_HEADER]: MODERN_VERSION,
    [METHOD_HEADER]: method,
    ...(hasName(method) && name !== undefined ? { [NAME_HEADER]: encodeHeaderValue(name) } : {}),
  }
  const tool = method === 'tools/call' ? server.tools.get(name ?? '') : undefined
  if (!tool || tool.paramHeaders.length === 0) return headers
  const { arguments: args } = (JSON.parse(body) as { params: JsonObject }).params
  return { ...headers, ...Object.fromEntries(headersFor(tool.paramHeaders, args)) }
}
