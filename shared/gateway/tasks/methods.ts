/**
 * `tasks/get`, `tasks/update`, `tasks/cancel` (SEP-2663). Nobody finds a task but whose
 * it is: its object's name is made of who asks. No server is called.
 */
import { errorResponse, invalidParams, methodNotFound } from '../../protocol/errors.ts'
import { isObject } from '../../protocol/jsonrpc.ts'
import type { ModernRequest } from '../../protocol/revisions/2026-07-28/ladder.ts'
import { serverMeta, successJson } from '../../protocol/revisions/2026-07-28/results.ts'
import {
  declaresTasks,
  TASK_ACKNOWLEDGED,
  taskNotFound,
  taskResult,
  tasksRequired,
  taskTooLarge,
  type TaskMethod,
} from '../../protocol/revisions/2026-07-28/tasks.ts'
import { isRandomId } from '../../lib/random-id.ts'
import type { TaskOutcome } from '../../contracts/tasks.ts'
import { unauthorized } from '../authenticate/auth-failure.ts'
import { challenge, uncheckable } from '../decide/decide.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { recordOf, taskStub } from './start.ts'

export async function answerTaskMethod(
  mcp: McpRequest,
  method: TaskMethod,
  message: ModernRequest,
): Promise<Response> {
  const { id, params, meta } = message
  const { server } = mcp
  const refuse = (failure: Parameters<typeof errorResponse>[1]): Response =>
    errorResponse(id, failure, ANSWER_HEADERS)
  if (server.compiled.capabilities.extensions === undefined) return refuse(methodNotFound())
  if (!declaresTasks(meta)) return refuse(tasksRequired())
  const { taskId } = params
  if (typeof taskId !== 'string') return refuse(invalidParams('params.taskId is missing'))
  if (method !== 'tasks/get') {
    const refusal = await refuseChange(mcp, message)
    if (refusal) return refusal
  }
  // What cannot be an id of ours wakes no object.
  if (!isRandomId(taskId)) return refuse(taskNotFound())
  const outcome = await ask(mcp, method, taskId, params['inputResponses'])
  switch (outcome.status) {
    case 'ok':
      break
    case 'unknown':
      return refuse(taskNotFound())
    case 'too_large':
      return refuse(taskTooLarge())
    case 'malformed':
      return refuse(invalidParams('params.inputResponses must be an object'))
    case 'insufficient_scope':
      return challenge(mcp, outcome.scopes)
  }
  const { serverInfo } = server.compiled.entry.definitions
  const result =
    method === 'tasks/get'
      ? taskResult('complete', outcome.json, serverMeta(serverInfo))
      : TASK_ACKNOWLEDGED
  return new Response(successJson(id, result), {
    headers: { 'content-type': 'application/json', ...ANSWER_HEADERS },
  })
}

function ask(
  mcp: McpRequest,
  method: TaskMethod,
  taskId: string,
  inputResponses: unknown,
): Promise<TaskOutcome | { status: 'malformed' }> {
  const stub = taskStub(mcp, taskId)
  const { scopes } = mcp.caller.principal
  switch (method) {
    case 'tasks/get':
      return stub.get(scopes)
    case 'tasks/cancel':
      return stub.cancel(scopes)
    case 'tasks/update':
      if (!isObject(inputResponses)) return Promise.resolve({ status: 'malformed' })
      return stub.update(recordOf(mcp), inputResponses)
  }
}

/** As of a call that changes something: revocations must be known, a proof counts once. */
async function refuseChange(
  { request, gateway, feed, claimProof, server }: McpRequest,
  { id }: ModernRequest,
): Promise<Response | undefined> {
  if (feed.unreachable) return uncheckable(id)
  if (!claimProof || (await claimProof())) return undefined
  return unauthorized(request, gateway, server.name, { reason: 'proof', proof: 'replayed' })
}

/** Of these ids, those that name a task of the caller's that they may look at. */
export async function ownTasks(
  mcp: McpRequest,
  taskIds: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const { scopes } = mcp.caller.principal
  const looked = [...taskIds].filter(isRandomId).map(async (taskId) => {
    const isOwn = await taskStub(mcp, taskId).mayFollow(scopes)
    return isOwn ? [taskId] : []
  })
  return new Set((await Promise.all(looked)).flat())
}
