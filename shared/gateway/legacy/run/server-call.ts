/**
 * A call of a 2025 client that a server answers. JSON stays JSON; a stream stays a
 * stream; the first question turns the answer into a stream that the Session feeds
 * from then on. The invocation that put a question never resumes the run: the one
 * that receives the answer does (answers.ts).
 */
import { errorResponse, invalidParams } from '../../../protocol/errors.ts'
import type { JsonRpcRequest } from '../../../protocol/jsonrpc.ts'
import { SSE_KEEP_ALIVE, sseRetry } from '../../../protocol/revisions/2026-07-28/sse.ts'
import { sessionRequired } from '../../../protocol/revisions/2025-11-25/errors.ts'
import { errorAnswerJson } from '../../../protocol/revisions/2025-11-25/messages.ts'
import type { LegacyVersion } from '../../../protocol/versions.ts'
import type { SessionEvent } from '../../../contracts/entrypoints.ts'
import { callInner, masked, refusalJson, type Answered, type Step } from '../call.ts'
import type { InnerMethod, LegacyInput } from '../input.ts'
import { ATTACH_ATTEMPTS, RETRY_MAX_MS, RETRY_MIN_MS } from '../limits.ts'
import { LiveRun } from './live-run.ts'
import { failureJson, pendingCall } from './pending-call.ts'
import { createProgressGate } from './progress-gate.ts'
import { openRound, sessionStub, type Ask } from './questions.ts'
import { relayText } from './relay-text.ts'
import type { LegacySession } from '../session-id.ts'
import { sseResponse } from './sse-response.ts'
import { readTaskMark, type TaskMark } from './task-mark.ts'

/** The first revision whose clients know events without data, and come back when let go (SEP-1699). */
const POLLING_SINCE: LegacyVersion = '2025-11-25'

export async function callServer(
  method: InnerMethod,
  input: LegacyInput,
  session: LegacySession | undefined,
  version: LegacyVersion,
  request: JsonRpcRequest,
): Promise<Response> {
  const pending = pendingCall(method, request, session)
  if (!pending) {
    return errorResponse(request.id, invalidParams(`Invalid ${method} request`))
  }
  const run = new LiveRun(input, session, pending)
  try {
    const answering = callInner({ forward: input.call, pending, version, signal: run.signal }, {})
    // In 2025 a disconnect is no cancel: the call outlives a client that leaves before it is answered.
    input.waitUntil(answering.catch(() => undefined))
    const answered = await Promise.race([answering, run.cancelled])
    // Nobody waits for words about a call they cancelled.
    if (!answered) return withoutStream(run, new Response(null, { status: 202 }))
    return await respond(run, answered, version)
  } catch (error) {
    run.close()
    throw error
  }
}

async function respond(run: LiveRun, answered: Answered, version: LegacyVersion) {
  if (answered.kind === 'refused') return withoutStream(run, answered.response)
  const { steps, streamed, taskId } = answered
  run.becomeTask(taskId)
  if (streamed) return streamResponse(run, steps, version)
  const { done, value } = await steps.next()
  const step = done ? undefined : value
  if (step?.kind === 'final') return withoutStream(run, jsonResponse(step.text))
  if (step?.kind === 'lacks') return withoutStream(run, lacksResponse(run, step.text))
  return streamResponse(run, startingWith(step, steps), version)
}

function withoutStream(run: LiveRun, response: Response): Response {
  run.close()
  return response
}

const jsonResponse = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'application/json' } })

function lacksResponse({ session, pending }: LiveRun, text: string): Response {
  if (!session) return errorResponse(pending.requestId, sessionRequired())
  return jsonResponse(failureJson(pending, text))
}

async function* startingWith(first: Step | undefined, rest: AsyncIterable<Step>) {
  if (first) yield first
  yield* rest
}

const streamResponse = (
  run: LiveRun,
  steps: AsyncIterable<Step>,
  version: LegacyVersion,
): Response => sseResponse(run.input, eventsOf(run, steps, version, createProgressGate()), run.gone)

/** The client's stream as SSE text. Ends with an answer, unless the client is gone. Never throws. */
async function* eventsOf(
  run: LiveRun,
  steps: AsyncIterable<Step>,
  version: LegacyVersion,
  rises: (text: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  const polls = version >= POLLING_SINCE
  try {
    if (polls) yield run.log.priming()
    for await (const step of whileWanted(run, steps)) {
      switch (step.kind) {
        case 'alive':
          await run.checkCancelled()
          yield SSE_KEEP_ALIVE
          break
        case 'pause':
          if (polls) yield* letGo(run, step.retryMs)
          break
        case 'event':
          if (rises(step.text)) yield await run.notify(step.text)
          break
        case 'final':
          yield await run.answer(step.text)
          return
        case 'lacks':
          yield await run.answer(failureJson(run.pending, step.text))
          return
        case 'ask':
          yield* askAndRelay(run, step, rises)
          return
      }
    }
    yield await run.giveUp()
  } catch (error) {
    yield await run.answer(masked(run.pending.requestId, error).text).catch(() => '')
  } finally {
    run.close()
  }
}

/** A server may go on, or be silent, after its call was ended: nobody waits for it. */
async function* whileWanted(
  { signal }: LiveRun,
  steps: AsyncIterable<Step>,
): AsyncGenerator<Step, void, undefined> {
  const ended = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined))
  })
  const iterator = steps[Symbol.asyncIterator]()
  for (;;) {
    const next = signal.aborted ? undefined : await Promise.race([iterator.next(), ended])
    if (!next || next.done) return
    yield next.value
  }
}

/** Server-initiated close (SEP-1699): the rest waits in the Session for the client to come back. */
async function* letGo(run: LiveRun, retryMs: number): AsyncGenerator<string, void, undefined> {
  if (!run.log.isResumable || run.gone.signal.aborted) return
  run.gone.abort()
  await run.isKept()
  yield sseRetry(Math.min(Math.max(retryMs, RETRY_MIN_MS), RETRY_MAX_MS))
}

async function* askAndRelay(
  run: LiveRun,
  ask: Ask,
  rises: (text: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  const { input, session, pending, log, gone } = run
  if (!session) {
    yield await run.answer(errorAnswerJson(pending.requestId, sessionRequired()))
    return
  }
  // Nobody is there to be asked, nobody can come back, and nothing was promised yet.
  if (gone.signal.aborted && !(await run.isKept())) return
  const { runId } = log
  const shown = log.frames
  const opened = await openRound(input, session, { runId, call: pending, shown }, ask)
  if (!opened.ok) {
    yield await run.answer(opened.failure)
    return
  }
  run.handOver(session)
  const source = { runId, gone: gone.signal, after: log.seq, attempts: ATTACH_ATTEMPTS }
  const stub = () => sessionStub(input, session)
  let last: SessionEvent = ''
  const end = yield* relayText(log, { ...source, stub }, ({ event }) => {
    last = event
    return rises(event)
  })
  const mark = readTaskMark(last)
  if (mark) yield* eventsOfTask(input, session, mark, gone, rises)
  if (end === 'lost') {
    yield log.add(masked(pending.requestId, new Error('the session cannot be reached')).text, true)
  }
}

/**
 * The rest of a call that goes on as a task, for whoever holds the client's stream
 * now: after an answer, or for a client that came back. Never throws.
 */
export async function* eventsOfTask(
  input: LegacyInput,
  session: LegacySession,
  { taskId, call }: TaskMark,
  gone: AbortController,
  rises: (text: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  const { version } = session
  const run = new LiveRun(input, session, call)
  // One stream, whoever lets it go.
  gone.signal.addEventListener('abort', () => run.gone.abort())
  run.gone.signal.addEventListener('abort', () => gone.abort())
  run.becomeTask(taskId)
  if (gone.signal.aborted) run.gone.abort()
  try {
    const request = { forward: input.call, pending: call, version, signal: run.signal }
    const answered = await callInner(request, { requestState: taskId })
    if (answered.kind === 'answered') yield* eventsOf(run, answered.steps, version, rises)
    else yield await run.answer(await refusalJson(call.requestId, answered.response))
  } catch (error) {
    yield await run.answer(masked(call.requestId, error).text).catch(() => '')
  } finally {
    run.close()
  }
}
