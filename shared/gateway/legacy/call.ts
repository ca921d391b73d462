/**
 * One inner call and its answer as steps a 2025 client can follow, whichever form
 * it came in (JSON or stream) and as it comes: nothing is buffered but one event.
 */
import { logUnexpected } from '../../lib/log.ts'
import { INTERNAL_ERROR, SERVER_ERROR } from '../../protocol/errors.ts'
import { isObject } from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { SSE_CONTENT_TYPE } from '../../protocol/revisions/2026-07-28/sse.ts'
import { IN_BAND_STATUSES } from '../../protocol/revisions/2025-11-25/errors.ts'
import { errorAnswerJson } from '../../protocol/revisions/2025-11-25/messages.ts'
import type { PendingCall } from '../../contracts/entrypoints.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'
import type { InnerMethod, LegacyInput } from './input.ts'
import { PACED_REPEAT_MS, PACED_REPEATS_MAX, STREAM_EVENT_MAX_CHARS } from './limits.ts'
import { innerBody, type RoundAnswers } from './run/pending-call.ts'
import { readSse } from '../../protocol/sse-reader.ts'
import { TASK_HEADER } from './run/task-mark.ts'
import { translate, type Target, type Translated } from './translate.ts'

export type Step =
  | Extract<Translated, { kind: 'event' | 'final' | 'ask' | 'lacks' }>
  /** The server is still there. */
  | { kind: 'alive' }
  /** The handler lets the client's connection go; the client is to come back after so long (SEP-1699). */
  | { kind: 'pause'; retryMs: number }

export type Answered =
  /** Not an answer of the server: the router's refusal, to pass unchanged. */
  | { kind: 'refused'; response: Response }
  /** Ends with exactly one `final`, `ask` or `lacks`, and never throws. */
  | {
      kind: 'answered'
      streamed: boolean
      /** The stream is a view of this task, which goes on without it. */
      taskId?: string
      steps: AsyncGenerator<Step, void, undefined>
    }

export interface InnerRequest {
  readonly forward: LegacyInput['call']
  readonly pending: PendingCall
  readonly version: LegacyVersion
  readonly signal: AbortSignal
}

/** @throws what `forward` throws */
export function callInner(request: InnerRequest, answers: RoundAnswers): Promise<Answered> {
  return send(request, answers, 0)
}

async function send(
  request: InnerRequest,
  answers: RoundAnswers,
  repeats: number,
): Promise<Answered> {
  const { forward, pending, signal, version } = request
  const method = pending.method as InnerMethod
  const body = innerBody(pending, answers)
  const response = await forward({ method, name: pending.name || undefined, body, signal })
  const type = response.headers.get('content-type')?.split(';', 1)[0]
  const target: Target = { requestId: pending.requestId, method, version }
  if (response.ok && type === SSE_CONTENT_TYPE && response.body) {
    const items = streamed(response.body, target)
    const steps = stepsOf(request, items, repeats)
    const taskId = response.headers.get(TASK_HEADER)
    return { kind: 'answered', streamed: true, steps, ...(taskId === null ? {} : { taskId }) }
  }
  if (type !== 'application/json' || !IN_BAND_STATUSES.has(response.status)) {
    return { kind: 'refused', response }
  }
  const text = await response.text()
  const item = translate(text, response.status, target)
  if (item.kind === 'foreign' && !response.ok) {
    return { kind: 'refused', response: new Response(text, response) }
  }
  if (item.kind === 'event') {
    const steps = stepsOf(request, [{ kind: 'broken', detail: 'a notification for an answer' }], 0)
    return { kind: 'answered', streamed: false, steps }
  }
  return { kind: 'answered', streamed: false, steps: stepsOf(request, [item], repeats) }
}

type Item = Translated | Extract<Step, { kind: 'alive' | 'pause' }>

async function* streamed(
  body: ReadableStream<Uint8Array>,
  target: Target,
): AsyncGenerator<Item, void, undefined> {
  for await (const item of readSse(body, STREAM_EVENT_MAX_CHARS)) {
    switch (item.kind) {
      case 'comment':
        yield { kind: 'alive' }
        break
      case 'retry':
        yield { kind: 'pause', retryMs: item.ms }
        break
      case 'data':
        yield translate(item.data, 200, target)
    }
  }
}

async function* stepsOf(
  request: InnerRequest,
  items: AsyncIterable<Item> | Iterable<Item>,
  repeats: number,
): AsyncGenerator<Step, void, undefined> {
  const { requestId } = request.pending
  try {
    for await (const item of items) {
      switch (item.kind) {
        case 'event':
        case 'alive':
        case 'pause':
          yield item
          break
        case 'nothing':
          break
        case 'ask':
          if (Object.keys(item.requests).length > 0) yield item
          else yield* repeatPaced(request, item.requestState, repeats)
          return
        case 'final':
        case 'lacks':
          yield item
          return
        case 'foreign':
        case 'broken':
          yield masked(requestId, new Error(item.kind === 'broken' ? item.detail : 'no JSON-RPC'))
          return
      }
    }
    yield masked(requestId, new Error('the stream ended without an answer'))
  } catch (error) {
    yield masked(requestId, error)
  }
}

/** `input_required` with a state and no question: the server wants to be called again. */
async function* repeatPaced(
  request: InnerRequest,
  requestState: string | undefined,
  repeats: number,
): AsyncGenerator<Step, void, undefined> {
  if (repeats >= PACED_REPEATS_MAX) throw new Error('the server asks to be called again for ever')
  await new Promise((resolve) => setTimeout(resolve, PACED_REPEAT_MS))
  const answered = await send(request, { requestState }, repeats + 1)
  if (answered.kind === 'answered') yield* answered.steps
  else
    yield { kind: 'final', text: await refusalJson(request.pending.requestId, answered.response) }
}

/** An unexpected end, told by reference alone; the log has the rest. */
export function masked(requestId: RequestId, error: unknown): { kind: 'final'; text: string } {
  const ref = logUnexpected('bridge_failed', error)
  const message = `Internal error (ref ${ref})`
  return { kind: 'final', text: errorAnswerJson(requestId, { code: INTERNAL_ERROR, message }) }
}

/** A refusal of the router where no HTTP status can carry it any longer: inside a stream. */
export async function refusalJson(requestId: RequestId, response: Response): Promise<string> {
  const message = (await sentenceOf(response)) ?? `The call was refused (HTTP ${response.status})`
  return errorAnswerJson(requestId, { code: SERVER_ERROR, message })
}

async function sentenceOf(response: Response): Promise<string | undefined> {
  try {
    const body: unknown = await response.json()
    if (!isObject(body)) return undefined
    const { error, error_description: description } = body
    if (typeof description === 'string') return description
    return isObject(error) && typeof error['message'] === 'string' ? error['message'] : undefined
  } catch {
    return undefined
  }
}
