/**
 * Step 3 for 2026-07-28: `Mcp-Method` and `Mcp-Name` decide, without parsing the
 * body; the engine then refuses a body that says other. What is not a call of a
 * known tool is answered here, from the snapshot, after the same ladder.
 */
import {
  errorResponse,
  invalidParams,
  methodNotAllowed,
  methodNotFound,
  unsupportedMediaType,
} from '#shared/protocol/errors.ts'
import {
  decodeHeaderValue,
  isJsonContentType,
  METHOD_HEADER,
  NAME_HEADER,
} from '#shared/protocol/headers.ts'
import { parseJson } from '#shared/protocol/jsonrpc.ts'
import { climbLadder, nameOf, type ModernRequest } from '#shared/protocol/2026-07-28/ladder.ts'
import {
  discoverResult,
  successResponse,
  toolsListResult,
} from '#shared/protocol/2026-07-28/results.ts'
import { readBody } from '#shared/protocol/body.ts'
import { SUPPORTED_VERSIONS } from '#shared/protocol/versions.ts'
import { callServer } from './call.ts'
import type { ServerRecord } from './catalog-view.ts'
import type { Exchange } from './exchange.ts'
import { ANSWER_HEADERS, mcpHeadersOf } from './forward.ts'
import { freshServer } from './fresh-server.ts'
import { REQUEST_BODY_MAX_BYTES } from './limits.ts'

export async function handleModernEra(exchange: Exchange): Promise<Response> {
  const { request, server } = exchange
  if (request.method !== 'POST') return errorResponse(null, methodNotAllowed(), ANSWER_HEADERS)
  if (!isJsonContentType(request.headers.get('content-type'))) {
    return errorResponse(null, unsupportedMediaType(), ANSWER_HEADERS)
  }
  const body = await readBody(request, REQUEST_BODY_MAX_BYTES)
  if (!body.ok) return errorResponse(null, body.failure, ANSWER_HEADERS)

  const method = request.headers.get(METHOD_HEADER)
  const name = decodeHeaderValue(request.headers.get(NAME_HEADER) ?? '')
  if (method === 'tools/call' && name !== undefined && server.compiled.tools.has(name)) {
    return callServer(exchange, { method, name, headers: mcpHeadersOf(request), body: body.value })
  }
  return answerHere(exchange, body.value)
}

async function answerHere(exchange: Exchange, body: string): Promise<Response> {
  const parsed = parseJson(body)
  if (!parsed.ok) return errorResponse(null, parsed.failure, ANSWER_HEADERS)
  const climbed = climbLadder(exchange.request.headers, parsed.value)
  if (!climbed.ok) return errorResponse(climbed.failure.id, climbed.failure.error, ANSWER_HEADERS)
  if (climbed.value.kind === 'notification') {
    return new Response(null, { status: 202, headers: ANSWER_HEADERS })
  }
  return answerRequest(exchange, climbed.value)
}

async function answerRequest(exchange: Exchange, message: ModernRequest): Promise<Response> {
  const { id, method, params } = message
  switch (method) {
    case 'server/discover':
      return json(id, discover(await freshServer(exchange)))
    case 'tools/list':
      if (params['cursor'] !== undefined) {
        // Lists are one page, so no cursor was ever handed out.
        return errorResponse(id, invalidParams('Invalid cursor'), ANSWER_HEADERS)
      }
      return json(id, listTools(await freshServer(exchange)))
    case 'tools/call': {
      const name = nameOf(method, params)
      const message = name === undefined ? 'params.name is missing' : `Unknown tool: ${name}`
      return errorResponse(id, invalidParams(message), ANSWER_HEADERS)
    }
    default:
      return errorResponse(id, methodNotFound(), ANSWER_HEADERS)
  }
}

function discover({ compiled }: ServerRecord): string {
  return discoverResult({
    serverInfo: compiled.entry.definitions.serverInfo,
    capabilities: { tools: {} },
    supportedVersions: SUPPORTED_VERSIONS,
    instructions: compiled.entry.definitions.instructions,
  })
}

const listTools = ({ compiled }: ServerRecord): string =>
  toolsListResult(compiled.toolsJson, compiled.entry.definitions.serverInfo)

function json(id: ModernRequest['id'], resultJson: string): Response {
  const response = successResponse(id, resultJson)
  for (const [name, value] of Object.entries(ANSWER_HEADERS)) response.headers.set(name, value)
  return response
}
