/**
 * Step 3 for 2026-07-28: `Mcp-Method` and `Mcp-Name` decide, without parsing the
 * body; the engine then refuses a body that says other. What is not a call of a
 * known tool is answered here, from the snapshot, after the same ladder.
 */
import type { Lists } from '../../catalog/list.ts'
import { permittedLists } from '../../catalog/permitted.ts'
import {
  errorResponse,
  invalidParams,
  methodNotAllowed,
  methodNotFound,
  unsupportedMediaType,
} from '../../protocol/errors.ts'
import {
  decodeHeaderValue,
  isJsonContentType,
  METHOD_HEADER,
  NAME_HEADER,
} from '../../protocol/headers.ts'
import { parseJson } from '../../protocol/jsonrpc.ts'
import {
  climbLadder,
  nameOf,
  type ModernRequest,
} from '../../protocol/revisions/2026-07-28/ladder.ts'
import {
  discoverResult,
  listResult,
  successResponse,
} from '../../protocol/revisions/2026-07-28/results.ts'
import { isTaskMethod } from '../../protocol/revisions/2026-07-28/tasks.ts'
import { decidedName } from '../../protocol/revisions/2026-07-28/decided-name.ts'
import { readBody } from '../../protocol/body.ts'
import { offers } from '../../protocol/offers.ts'
import { SUPPORTED_VERSIONS } from '../../protocol/versions.ts'
import { cacheHintOf } from './cache-hint.ts'
import { callServer } from '../call.ts'
import type { ServerRecord } from '../ports.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { mcpHeadersOf } from '../dispatch/inner-call.ts'
import { freshServer } from './fresh-server.ts'
import { listen } from '../listen/listen.ts'
import { REQUEST_BODY_MAX_BYTES } from '../limits.ts'
import { callTaskTool } from '../tasks/call.ts'
import { answerTaskMethod } from '../tasks/methods.ts'
import { isAttachment, targetFor, unknownTarget } from '../decide/target.ts'

export async function handleModernEra(mcp: McpRequest): Promise<Response> {
  const { request, server, caller } = mcp
  if (request.method !== 'POST') return errorResponse(null, methodNotAllowed(), ANSWER_HEADERS)
  if (!isJsonContentType(request.headers.get('content-type'))) {
    return errorResponse(null, unsupportedMediaType(), ANSWER_HEADERS)
  }
  const body = await readBody(request, REQUEST_BODY_MAX_BYTES)
  if (!body.ok) return errorResponse(null, body.failure, ANSWER_HEADERS)

  const method = request.headers.get(METHOD_HEADER)
  const name = decodeHeaderValue(request.headers.get(NAME_HEADER) ?? '')
  // Decided by headers alone; a name nobody has is refused below, after the ladder.
  const target = isNamed(method) && targetFor(server, caller.principal, method, name)
  if (target && isNamed(method) && name !== undefined && !isAttachment(method, name)) {
    const tool = method === 'tools/call' ? server.compiled.tools.get(name) : undefined
    const headers = mcpHeadersOf(request, tool?.paramHeaders)
    const call = { method, name, headers, body: body.value }
    if (tool?.task) return callTaskTool(mcp, tool.task, call)
    return callServer(mcp, { ...call, unread: true })
  }
  return answerHere(mcp, body.value)
}

type NamedMethod = 'tools/call' | 'prompts/get' | 'resources/read'
const NAMED: ReadonlySet<string | null> = new Set<NamedMethod>([
  'tools/call',
  'prompts/get',
  'resources/read',
])
const isNamed = (method: string | null): method is NamedMethod => NAMED.has(method)

async function answerHere(mcp: McpRequest, body: string): Promise<Response> {
  const parsed = parseJson(body)
  if (!parsed.ok) return errorResponse(null, parsed.failure, ANSWER_HEADERS)
  const climbed = climbLadder(mcp.request.headers, parsed.value)
  if (!climbed.ok) return errorResponse(climbed.failure.id, climbed.failure.error, ANSWER_HEADERS)
  if (climbed.value.kind === 'notification') {
    return new Response(null, { status: 202, headers: ANSWER_HEADERS })
  }
  return answerRequest(mcp, climbed.value, body)
}

/** A Map: a method may be named like a member of every object. */
const LISTS: ReadonlyMap<string, keyof Lists> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
])

async function answerRequest(
  mcp: McpRequest,
  message: ModernRequest,
  body: string,
): Promise<Response> {
  const { id, method, params } = message
  if (method === 'server/discover') return json(id, discover(await freshServer(mcp)))
  const { capabilities } = mcp.server.compiled
  if (!offers(capabilities, method)) return errorResponse(id, methodNotFound(), ANSWER_HEADERS)
  if (method === 'completion/complete') {
    return callServer(mcp, {
      method,
      name: decidedName(method, params),
      headers: mcpHeadersOf(mcp.request),
      body,
    })
  }
  if (method === 'subscriptions/listen') return listen(mcp, message)
  if (isNamed(method)) {
    const name = nameOf(method, params)
    if (isAttachment(method, name)) return callServer(mcp, { method, name, headers: {}, body })
    return errorResponse(id, unknownTarget(method, name), ANSWER_HEADERS)
  }
  if (isTaskMethod(method)) return answerTaskMethod(mcp, method, message)
  const kind = LISTS.get(method)
  if (!kind) return errorResponse(id, methodNotFound(), ANSWER_HEADERS)
  return list(mcp, message, kind, body)
}

async function list(
  mcp: McpRequest,
  { id, params }: ModernRequest,
  kind: keyof Lists,
  body: string,
): Promise<Response> {
  const fresh = await freshServer(mcp)
  const { compiled, policy } = fresh
  const permitted = permittedLists(compiled, policy, mcp.caller.principal)
  if (kind === 'resources' && permitted.listsResources) {
    const headers = mcpHeadersOf(mcp.request)
    const call = { method: 'resources/list', name: undefined, headers, body } as const
    return callServer({ ...mcp, server: fresh }, call)
  }
  if (params['cursor'] !== undefined) {
    // Lists of the snapshot are one page, so no cursor was ever handed out.
    return errorResponse(id, invalidParams('Invalid cursor'), ANSWER_HEADERS)
  }
  const { serverInfo } = compiled.entry.definitions
  return json(id, listResult(kind, permitted.lists[kind], serverInfo, cacheHintOf(fresh)))
}

function discover(server: ServerRecord): string {
  const { entry, capabilities } = server.compiled
  const { serverInfo, instructions } = entry.definitions
  return discoverResult(
    { serverInfo, capabilities, supportedVersions: SUPPORTED_VERSIONS, instructions },
    cacheHintOf(server),
  )
}

function json(id: ModernRequest['id'], resultJson: string): Response {
  const response = successResponse(id, resultJson)
  for (const [name, value] of Object.entries(ANSWER_HEADERS)) response.headers.set(name, value)
  return response
}
