/**
 * `tools/call` of a tool with `task`, for a client of 2026-07-28 (SEP-2663): a task
 * where the client declared the extension, an ordinary call where it did not and the
 * tool may, −32021 where it may not. Questions a tool asks before its task begins
 * are ordinary rounds (patterns/mrtr).
 */
import type { TaskDefinition } from '../../catalog/entry.ts'
import { readSse } from '../../protocol/sse-reader.ts'
import { stoppable } from '../../lib/stoppable.ts'
import { errorJson, errorResponse, invalidParams } from '../../protocol/errors.ts'
import { isObject, parseJson } from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { paramHeaderError } from '../../protocol/param-headers.ts'
import { climbLadder, type ModernRequest } from '../../protocol/revisions/2026-07-28/ladder.ts'
import { serverMeta, successJson } from '../../protocol/revisions/2026-07-28/results.ts'
import {
  SSE_CONTENT_TYPE,
  SSE_KEEP_ALIVE,
  sseMessage,
  sseRetry,
} from '../../protocol/revisions/2026-07-28/sse.ts'
import {
  declaresTasks,
  taskResult,
  tasksRequired,
  taskTooLarge,
} from '../../protocol/revisions/2026-07-28/tasks.ts'
import type { TaskBegins } from '../../contracts/inner-wire.ts'
import { callServer, refuseCall } from '../call.ts'
import type { ServerCall, McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { RESPONSE_BODY_MAX_BYTES } from '../limits.ts'
import { startTask, type NewTask } from './start.ts'

export async function callTaskTool(
  mcp: McpRequest,
  task: TaskDefinition,
  call: ServerCall & { readonly name: string },
): Promise<Response> {
  const parsed = parseJson(call.body)
  if (!parsed.ok) return errorResponse(null, parsed.failure, ANSWER_HEADERS)
  const climbed = climbLadder(mcp.request.headers, parsed.value)
  if (!climbed.ok) return errorResponse(climbed.failure.id, climbed.failure.error, ANSWER_HEADERS)
  const message = climbed.value
  // A notification that names a tool: the engine's to refuse.
  if (message.kind === 'notification') return callServer(mcp, call)
  if (!declaresTasks(message.meta)) {
    if (task.support === 'optional') return callServer(mcp, call)
    return (
      (await refuseCall(mcp, call)) ?? errorResponse(message.id, tasksRequired(), ANSWER_HEADERS)
    )
  }
  // A state belongs to what began in a call: its rounds go on there.
  const isRound = message.params['requestState'] !== undefined
  if (!task.beginsInCall && !isRound) return create(mcp, task, call, message)
  const answer = await callServer(mcp, { ...call, task: { mayBeginTask: true } })
  return escalated(answer, (begins) =>
    newTaskJson(mcp, message.id, { tool: call.name, task, params: message.params, begins }),
  )
}

async function create(
  mcp: McpRequest,
  task: TaskDefinition,
  call: ServerCall & { readonly name: string },
  { id, params }: ModernRequest,
): Promise<Response> {
  const refusal = await refuseCall(mcp, call)
  if (refusal) return refusal
  const { arguments: args = {} } = params
  const refuse = (text: string): Response => errorResponse(id, invalidParams(text), ANSWER_HEADERS)
  if (params['name'] !== call.name) return refuse('params.name is missing')
  if (!isObject(args)) return refuse('Invalid tools/call request: arguments must be an object')
  const { paramHeaders = [] } = mcp.server.compiled.tools.get(call.name) ?? {}
  const mismatch = paramHeaderError(paramHeaders, args, mcp.request.headers)
  if (mismatch) return errorResponse(id, mismatch, ANSWER_HEADERS)
  return jsonResponse(await newTaskJson(mcp, id, { tool: call.name, task, params }))
}

async function newTaskJson(mcp: McpRequest, id: RequestId, start: NewTask): Promise<string> {
  const { outcome } = await startTask(mcp, start)
  if (outcome.status !== 'ok') return errorJson(id, taskTooLarge())
  const { serverInfo } = mcp.server.compiled.entry.definitions
  return successJson(id, taskResult('task', outcome.json, serverMeta(serverInfo)))
}

const jsonResponse = (json: string): Response =>
  new Response(json, { headers: { 'content-type': 'application/json', ...ANSWER_HEADERS } })

/** The answer of a tool that began in the call: its own, or that of the task that begins now. */
async function escalated(
  answer: Response,
  makeTask: (begins: TaskBegins) => Promise<string>,
): Promise<Response> {
  if (answer.headers.get('content-type') !== SSE_CONTENT_TYPE || !answer.body) {
    const text = await answer.text()
    const begins = beginsIn(text)
    return begins ? jsonResponse(await makeTask(begins)) : new Response(text, answer)
  }
  const { readable, stop } = stoppable(answer.body)
  const events = eventsOf(readable, makeTask)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: stop,
  })
  return new Response(body, answer)
}

async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  makeTask: (begins: TaskBegins) => Promise<string>,
): AsyncGenerator<string, void, undefined> {
  for await (const item of readSse(body, RESPONSE_BODY_MAX_BYTES)) {
    if (item.kind !== 'data') {
      yield item.kind === 'comment' ? SSE_KEEP_ALIVE : sseRetry(item.ms)
      continue
    }
    const begins = beginsIn(item.data)
    yield sseMessage(begins ? await makeTask(begins) : item.data)
  }
}

/** What the engine answers for `context.task()`; anything else is not ours to read. */
function beginsIn(text: string): TaskBegins | undefined {
  if (!text.includes('"resultType":"task"')) return undefined
  const parsed = parseJson(text)
  const result = parsed.ok && isObject(parsed.value) ? parsed.value['result'] : undefined
  if (!isObject(result) || result['resultType'] !== 'task') return undefined
  const { runId, requestState } = result
  const isOurs = typeof runId === 'string' && typeof requestState === 'string'
  return isOurs ? { resultType: 'task', runId, requestState } : undefined
}
