/** Making a task, for a client of either era. What calls this has decided on the call. */
import { toBase64Url } from '../../lib/base64url.ts'
import type { TaskDefinition } from '../../catalog/entry.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { taskObjectName, type PrincipalRecord, type TaskOutcome } from '../../contracts/tasks.ts'
import { randomId } from '../../lib/random-id.ts'
import type { McpRequest } from '../mcp-request.ts'

export interface NewTask {
  readonly tool: string
  readonly task: TaskDefinition
  /** Of the `tools/call`. */
  readonly params: JsonObject
  /** Of a tool that began in the call: its run, and its answers so far. */
  readonly begins?: { readonly runId: string; readonly requestState: string }
}

/** The object of one task, by its id; only whose name stands in it can find it. */
export const taskStub = ({ gateway, caller, server }: McpRequest, taskId: string) =>
  gateway.tasks(taskObjectName(caller.principal, server.name, taskId))

/** Whoever calls now, with the token of this request. */
export const recordOf = ({ caller, nowSeconds }: McpRequest): PrincipalRecord => ({
  principal: caller.principal,
  ...(caller.grantId === undefined ? {} : { grantId: caller.grantId }),
  provenAtSeconds: nowSeconds,
})

export async function startTask(
  mcp: McpRequest,
  { tool, task, params, begins }: NewTask,
): Promise<{ taskId: string; outcome: TaskOutcome }> {
  const taskId = begins ? await idOfRun(begins.runId) : randomId()
  const { server } = mcp
  const outcome = await taskStub(mcp, taskId).create(taskId, {
    server: server.name,
    tool,
    scopes: [...(server.compiled.tools.get(tool)?.scopes ?? [])],
    task: { restart: task.restart, ttlMs: task.ttlMs },
    record: recordOf(mcp),
    params: keptOf(params),
    ...(begins ? { requestState: begins.requestState } : {}),
  })
  return { taskId, outcome }
}

/** A run becomes one task, however often its last round is sent: a run id is as hard to guess. */
async function idOfRun(runId: string): Promise<string> {
  const bytes = new TextEncoder().encode(`task/${runId}`)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return toBase64Url(new Uint8Array(digest, 0, 16))
}

/** What the tool is told of the call; answers, state and foreign members stay outside. */
function keptOf({ name, arguments: args, _meta: meta }: JsonObject): JsonObject {
  return {
    name,
    ...(args === undefined ? {} : { arguments: args }),
    _meta: isObject(meta) ? meta : {},
  }
}
