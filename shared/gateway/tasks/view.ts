/**
 * A task as the 2026-07-28 call that it looks like to a 2025 client: progress, then
 * the answer, or questions whose answers come back with the task's id as the state.
 * The stream is a view: when it ends, the task goes on.
 */
import type { InnerCall } from '../legacy/input.ts'
import { ATTACH_ATTEMPTS } from '../legacy/limits.ts'
import { CANCELLED } from '../legacy/run/live-run.ts'
import { relayRun } from '../legacy/run/relay.ts'
import { TASK_HEADER } from '../legacy/run/task-mark.ts'
import type { TaskDefinition } from '../../catalog/entry.ts'
import { errorJson, errorResponse, internalError } from '../../protocol/errors.ts'
import { isObject, isRequestId, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { SSE_HEADERS, SSE_KEEP_ALIVE, sseMessage } from '../../protocol/revisions/2026-07-28/sse.ts'
import { taskNotFound, taskTooLarge } from '../../protocol/revisions/2026-07-28/tasks.ts'
import { logUnexpected } from '../../lib/log.ts'
import { isRandomId } from '../../lib/random-id.ts'
import type { TaskOutcome, TaskView } from '../../contracts/tasks.ts'
import { refuseCall } from '../call.ts'
import type { ServerCall, McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { recordOf, startTask, taskStub } from './start.ts'

export async function callTaskView(
  mcp: McpRequest,
  task: TaskDefinition,
  call: ServerCall & { readonly name: string },
  signal: InnerCall['signal'],
): Promise<Response> {
  const refusal = await refuseCall(mcp, call)
  if (refusal) return refusal
  const { id, params } = JSON.parse(call.body) as { id: RequestId; params: JsonObject }
  const { taskId, outcome } = await startOrAnswer(mcp, task, call.name, params)
  if (outcome.status !== 'ok') {
    const failure = outcome.status === 'too_large' ? taskTooLarge() : taskNotFound()
    return errorResponse(id, failure, ANSWER_HEADERS)
  }
  const meta = isObject(params['_meta']) ? params['_meta'] : {}
  const { progressToken } = meta
  const view: TaskView = { id, ...(isRequestId(progressToken) ? { progressToken } : {}) }
  return viewResponse(mcp, taskId, view, signal)
}

/** The state of a round is the task's id: only the bridge sends one, and only its owner finds it. */
async function startOrAnswer(
  mcp: McpRequest,
  task: TaskDefinition,
  tool: string,
  params: JsonObject,
): Promise<{ taskId: string; outcome: TaskOutcome }> {
  const { requestState: taskId, inputResponses } = params
  if (taskId === undefined) return startTask(mcp, { tool, task, params })
  if (typeof taskId !== 'string' || !isRandomId(taskId)) {
    return { taskId: '', outcome: { status: 'unknown' } }
  }
  if (!isObject(inputResponses)) {
    const { scopes } = mcp.caller.principal
    const isOwn = await taskStub(mcp, taskId).mayFollow(scopes)
    return { taskId, outcome: isOwn ? { status: 'ok', json: '{}' } : { status: 'unknown' } }
  }
  const outcome = await taskStub(mcp, taskId).update(recordOf(mcp), inputResponses)
  return { taskId, outcome }
}

/** The task's events from now on, attached again after a cut. */
function viewResponse(
  mcp: McpRequest,
  taskId: string,
  view: TaskView,
  signal: AbortSignal,
): Response {
  const left = new AbortController()
  const leave = (): void => {
    left.abort()
    // Its stream may go; a call that its client cancelled may not go on.
    if (signal.reason !== CANCELLED) return
    const { scopes } = mcp.caller.principal
    mcp.lifetime.waitUntil(taskStub(mcp, taskId).cancel(scopes))
  }
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  const events = eventsOf(mcp, taskId, view, left.signal)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (!done) controller.enqueue(encoder.encode(value))
      else controller.close()
    },
    cancel: () => left.abort(),
  })
  return new Response(body, {
    headers: { ...SSE_HEADERS, ...ANSWER_HEADERS, [TASK_HEADER]: taskId },
  })
}

async function* eventsOf(
  mcp: McpRequest,
  taskId: string,
  view: TaskView,
  gone: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const query = `&view=${encodeURIComponent(JSON.stringify(view))}`
  const stub = () => {
    const task = taskStub(mcp, taskId)
    return { fetch: (url: string, init?: RequestInit) => task.fetch(`${url}${query}`, init) }
  }
  const attempts = ATTACH_ATTEMPTS
  const frames = relayRun({ runId: taskId, stub: stub as never, gone, after: 0, attempts })
  for (;;) {
    const { done, value } = await frames.next()
    if (!done) {
      yield value === 'quiet' ? SSE_KEEP_ALIVE : sseMessage(value.event)
      continue
    }
    if (value === 'lost') {
      const ref = logUnexpected('task_view_lost', new Error('the task cannot be reached'))
      yield sseMessage(errorJson(view.id, internalError(ref)))
    }
    return
  }
}
