/**
 * GET with `Last-Event-ID` (2025-11-25 basic/transports "Resumability"): the rest of
 * one stream of this session, from the Session object, then live. Never what was
 * said on another stream, and never silence: a stream nobody remembers ends with an
 * error of its request.
 */
import { errorResponse, INTERNAL_ERROR, notAcceptable } from '../../../protocol/errors.ts'
import { acceptsEventStream, LAST_EVENT_ID_HEADER } from '../../../protocol/headers.ts'
import { INTERRUPTED, errorAnswerJson } from '../../../protocol/revisions/2025-11-25/messages.ts'
import { SSE_KEEP_ALIVE } from '../../../protocol/revisions/2026-07-28/sse.ts'
import { parseEventId, type EventPoint } from './event-id.ts'
import type { RequestId } from '../../../protocol/request-id.ts'
import type { SessionEvent } from '../../../contracts/entrypoints.ts'
import type { LegacyInput } from '../input.ts'
import { recallEnded } from './just-ended.ts'
import { RESUME_ATTEMPTS } from '../limits.ts'
import { createProgressGate } from './progress-gate.ts'
import { sessionStub } from './questions.ts'
import { relayText } from './relay-text.ts'
import { eventsOfTask } from './server-call.ts'
import type { LegacySession } from '../session-id.ts'
import { sseResponse } from './sse-response.ts'
import { StreamLog } from './stream-log.ts'
import { readTaskMark, taskIdOfRun, type TaskMark } from './task-mark.ts'

const pointOf = ({ headers }: Request): EventPoint | undefined =>
  parseEventId(headers.get(LAST_EVENT_ID_HEADER) ?? '')

/** Whether a GET names an event of a call's stream; any other one listens to the server. */
export const resumesCall = (request: Request): boolean => pointOf(request) !== undefined

/** @returns `undefined`: no event of a call's stream is named */
export function resumeStream(input: LegacyInput, session: LegacySession): Response | undefined {
  const { request } = input
  const point = pointOf(request)
  if (!point) return undefined
  if (!acceptsEventStream(request.headers.get('accept'))) {
    return errorResponse(null, notAcceptable('text/event-stream'))
  }
  // Nothing follows an answer: 204 tells a client not to come back (WHATWG HTML §9.2.3).
  if (point.done) return new Response(null, { status: 204 })
  const gone = new AbortController()
  return sseResponse(input, eventsAfter(input, session, point, gone), gone)
}

async function* eventsAfter(
  input: LegacyInput,
  session: LegacySession,
  { runId, seq, requestId }: EventPoint,
  gone: AbortController,
): AsyncGenerator<string, void, undefined> {
  const log = new StreamLog(requestId, true, runId)
  // All is read from the start, so that progress goes on rising from what was shown before.
  const rises = createProgressGate()
  // Headers go out with it: the stream may have to wait for whoever held it to notice the loss.
  yield SSE_KEEP_ALIVE
  const stub = () => sessionStub(input, session)
  const taskId = taskIdOfRun(runId)
  // Of a task, the Session knows a stream only while it waits for an answer.
  const attempts = taskId === undefined ? RESUME_ATTEMPTS : 1
  const source = { runId, stub, gone: gone.signal, after: 0, attempts }
  const ended = recallEnded(input, session, runId)
  for (const frame of ended ?? []) {
    if (rises(frame.event) && frame.seq > seq) yield log.show(frame)
  }
  if (ended) return
  let last: SessionEvent = ''
  const end = yield* relayText(log, source, (frame) => {
    last = frame.event
    return rises(last) && frame.seq > seq
  })
  const mark = readTaskMark(last) ?? (end === 'lost' && (await markOf(input, taskId, requestId)))
  if (mark) return yield* eventsOfTask(input, session, mark, gone, rises)
  if (end !== 'lost') return
  const error = { code: INTERNAL_ERROR, message: INTERRUPTED }
  yield log.show({ seq: seq + 1, event: errorAnswerJson(requestId, error), done: true })
}

/** Where a stream goes on that nobody stored: its task is still there. */
async function markOf(
  input: LegacyInput,
  taskId: string | undefined,
  requestId: RequestId,
): Promise<TaskMark | undefined> {
  const shown = taskId === undefined ? undefined : await input.taskCall(taskId)
  if (taskId === undefined || !shown) return undefined
  const { tool: name, progressToken } = shown
  const params = { name, ...(progressToken === undefined ? {} : { _meta: { progressToken } }) }
  return { taskId, call: { requestId, method: 'tools/call', name, params } }
}
