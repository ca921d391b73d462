/**
 * A call of a 2025 client that a server answers. JSON stays JSON; a stream stays a stream; the
 * first question turns the answer into a stream that the Session feeds from then
 * on. The invocation that put a question never resumes the run: the one that
 * receives the answer does (answers.ts).
 */
import { errorResponse, invalidParams } from '../protocol/errors.ts'
import type { JsonRpcRequest } from '../protocol/jsonrpc.ts'
import { SSE_HEADERS, SSE_KEEP_ALIVE, sseMessage } from '../protocol/2026-07-28/sse.ts'
import { sessionRequired } from '../protocol/2025-11-25/errors.ts'
import { errorAnswerJson } from '../protocol/2025-11-25/messages.ts'
import type { LegacyVersion } from '../protocol/versions.ts'
import type { PendingCall } from '../rpc.ts'
import { callInner, masked, type Step } from './call.ts'
import type { InnerMethod, LegacyInput } from './input.ts'
import { AFTER_DISCONNECT_MS } from './limits.ts'
import { failureJson, pendingCall } from './pending-call.ts'
import { createProgressGate } from './progress-gate.ts'
import { openRound, sessionStub, type Ask } from './questions.ts'
import { relayRun } from './relay.ts'
import { randomId, type LegacySession } from './session-id.ts'

interface Call {
  readonly input: LegacyInput
  /** Without one, nothing can be asked: its answer could not find the way back. */
  readonly session: LegacySession | undefined
  readonly pending: PendingCall
  /** Aborted when the client's stream is gone. */
  readonly gone: AbortSignal
}

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
  const ended = new AbortController()
  const answering = callInner({ forward: input.call, pending, version, signal: ended.signal }, {})
  // In 2025 a disconnect is no cancel: the call outlives a client that leaves before it is answered.
  input.waitUntil(answering.catch(() => undefined))
  const answered = await answering
  if (answered.kind === 'refused') return answered.response

  const gone = new AbortController()
  const call: Call = { input, session, pending, gone: gone.signal }
  const { steps, streamed } = answered
  if (streamed) return streamResponse(call, steps, gone, ended)
  const { done, value } = await steps.next()
  const step = done ? undefined : value
  if (step?.kind === 'final') return jsonResponse(step.text)
  if (step?.kind === 'lacks') return lacksResponse(call, step.text)
  return streamResponse(call, startingWith(step, steps), gone, ended)
}

const jsonResponse = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'application/json' } })

function lacksResponse({ session, pending }: Call, text: string): Response {
  if (!session) return errorResponse(pending.requestId, sessionRequired())
  return jsonResponse(failureJson(pending, text))
}

async function* startingWith(first: Step | undefined, rest: AsyncIterable<Step>) {
  if (first) yield first
  yield* rest
}

function streamResponse(
  call: Call,
  steps: AsyncIterable<Step>,
  gone: AbortController,
  ended: AbortController,
): Response {
  const events = eventsOf(call, steps)
  const encoder = new TextEncoder()
  const finished = Promise.withResolvers<void>()
  // Keeps the invocation for what remains to be done after the client left.
  call.input.waitUntil(finished.promise)
  const leave = (): void => {
    if (gone.signal.aborted) return
    gone.abort()
    const timer = setTimeout(() => {
      ended.abort()
    }, AFTER_DISCONNECT_MS)
    void drain(events).finally(() => {
      clearTimeout(timer)
      finished.resolve()
    })
  }
  // The runtime cancels a stream only when it next writes to it; the signal tells at once.
  const { signal } = call.input.request
  signal.addEventListener('abort', leave)
  // A tool that first waits: its client may have left before there was a stream to leave.
  if (signal.aborted) leave()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (!done) {
        controller.enqueue(encoder.encode(value))
        return
      }
      finished.resolve()
      if (!gone.signal.aborted) controller.close()
    },
    cancel: leave,
  })
  return new Response(body, { headers: SSE_HEADERS })
}

/** Reads on without anybody listening, so that the tool is not cut off by a closed stream. */
async function drain(events: AsyncGenerator<string>): Promise<void> {
  for (;;) {
    const { done } = await events.next()
    if (done) return
  }
}

/** The client's stream as SSE text. Ends with an answer, unless the client is gone. Never throws. */
async function* eventsOf(
  call: Call,
  steps: AsyncIterable<Step>,
): AsyncGenerator<string, void, undefined> {
  const { pending, session } = call
  const rises = createProgressGate()
  try {
    for await (const step of steps) {
      switch (step.kind) {
        case 'alive':
          yield SSE_KEEP_ALIVE
          break
        case 'event':
          if (rises(step.text)) yield sseMessage(step.text)
          break
        case 'final':
          yield sseMessage(step.text)
          return
        case 'lacks':
          yield sseMessage(failureJson(pending, step.text))
          return
        case 'ask':
          if (session) yield* askAndRelay(call, session, step, rises)
          else yield sseMessage(errorAnswerJson(pending.requestId, sessionRequired()))
          return
      }
    }
  } catch (error) {
    yield sseMessage(masked(pending.requestId, error).text)
  }
}

async function* askAndRelay(
  { input, pending, gone }: Call,
  session: LegacySession,
  ask: Ask,
  rises: (text: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  // Nobody is there to be asked, and nothing was promised yet.
  if (gone.aborted) return
  const runId = randomId()
  const opened = await openRound(input, session, runId, pending, ask)
  if (!opened.ok) {
    yield sseMessage(opened.failure)
    return
  }
  const stub = () => sessionStub(input, session)
  const end = yield* relayRun({ runId, stub, gone, accepts: rises })
  if (end === 'lost') {
    yield sseMessage(masked(pending.requestId, new Error('the session cannot be reached')).text)
  }
}
