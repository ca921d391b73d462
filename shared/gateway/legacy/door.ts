/**
 * Step 3 for the 2025 era: the body is read and the bridge translates; `Mcp-*`
 * headers of the caller count for nothing. Each inner call goes through the same
 * decision as a modern one.
 */
import { handleLegacy } from './legacy.ts'
import type { InnerCall, LegacyInput } from './input.ts'
import { resumesCall } from './run/resume.ts'
import { openingOf } from './session-id.ts'
import { isSessionOver } from '../../catalog/readers/feed-local.ts'
import { permittedLists } from '../../catalog/permitted.ts'
import { readBody } from '../../protocol/body.ts'
import { errorResponse } from '../../protocol/errors.ts'
import { callServer } from '../call.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { freshServer } from '../modern/fresh-server.ts'
import { innerHeaders } from '../dispatch/inner-headers.ts'
import { handleLegacyGet } from './get.ts'
import { follow, forgetFollowed } from './subscribe.ts'
import { REQUEST_BODY_MAX_BYTES } from '../limits.ts'
import { taskStub } from '../tasks/start.ts'
import { callTaskView } from '../tasks/view.ts'

export async function handleLegacyEra(mcp: McpRequest): Promise<Response> {
  const { request } = mcp
  if (request.method === 'GET' && !resumesCall(request)) return handleLegacyGet(mcp)
  const body = await readBody(request, REQUEST_BODY_MAX_BYTES)
  if (!body.ok) return errorResponse(null, body.failure, ANSWER_HEADERS)
  return guarded(await handleLegacy(await inputOf(mcp, body.value)))
}

async function inputOf(mcp: McpRequest, body: string): Promise<LegacyInput> {
  const { request, gateway, lifetime, caller, server, feed, nowSeconds } = mcp
  const { serverInfo, instructions } = server.compiled.entry.definitions
  return {
    request,
    body,
    serverName: server.name,
    principal: caller.principal,
    server: {
      serverInfo,
      instructions,
      capabilities: server.compiled.capabilities,
      async list(kind) {
        const { compiled, policy } = await freshServer(mcp)
        const { lists, listsResources } = permittedLists(compiled, policy, caller.principal)
        return kind === 'resources' && listsResources ? undefined : lists[kind]
      },
    },
    call: (call) => callInner(mcp, call),
    taskCall: (taskId) => taskStub(mcp, taskId).callOf(caller.principal.scopes),
    sealKeys: await gateway.sessionSealKeys(),
    sessions: gateway.sessions,
    follow: (...asked) => follow(mcp, ...asked),
    isSessionDeleted: (session) => isSessionOver(feed.view, openingOf(session)),
    async deleteSession(id, untilSeconds) {
      await gateway.endSession(id, untilSeconds)
      if (server.compiled.capabilities.resources) {
        await forgetFollowed(gateway, caller.principal, id)
      }
      gateway.catalog.applyLocally({ deletedSession: id, untilSeconds })
    },
    waitUntil: (promise) => {
      lifetime.waitUntil(promise)
    },
    nowSeconds,
  }
}

/** The inner call ends by the bridge's signal: in 2025 a disconnect is no cancel. */
function callInner(mcp: McpRequest, inner: InnerCall): Promise<Response> {
  const { method, name, body, signal } = inner
  const { compiled } = mcp.server
  const headers = innerHeaders(compiled, method, name, body)
  const task = method === 'tools/call' ? compiled.tools.get(name ?? '')?.task : undefined
  return task && name !== undefined
    ? callTaskView(mcp, task, { method, name, headers, body }, signal)
    : callServer(mcp, { method, name, headers, body, signal })
}

function guarded(response: Response): Response {
  for (const [name, value] of Object.entries(ANSWER_HEADERS)) response.headers.set(name, value)
  return response
}
