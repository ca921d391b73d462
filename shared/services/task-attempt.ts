/**
 * One attempt of a task: one call through the router, read to its end. Knows
 * nothing of the task beyond the call; never throws.
 */
import { readSse } from '../protocol/sse-reader.ts'
import { stoppable } from '../lib/stoppable.ts'
import { INTERNAL_ERROR, SERVER_ERROR } from '../protocol/errors.ts'
import { isObject, parseJson, parseMessage, type JsonObject } from '../protocol/jsonrpc.ts'
import { SSE_CONTENT_TYPE } from '../protocol/revisions/2026-07-28/sse.ts'
import { runThrough, type TaskRun } from '../contracts/tasks.ts'
import { ATTEMPT_MAX_MS, ATTEMPT_SILENCE_MS, EVENT_MAX_CHARS } from './limits.ts'

export interface TaskError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export type AttemptEnd =
  | { kind: 'result'; json: string }
  | { kind: 'asks'; requests: JsonObject; requestState: string | undefined }
  | { kind: 'error'; error: TaskError }
  /** Nothing has run: the same may be tried again, whatever the tool does. */
  | { kind: 'unavailable'; error: TaskError }
  /** It may have run, wholly or in part; nobody knows. `detail` is for the log. */
  | { kind: 'lost'; detail: string }
  /** We ended it. */
  | { kind: 'aborted' }

export interface AttemptOptions {
  readonly router: Fetcher
  readonly run: TaskRun
  /** Ends it: the task was cancelled, or its time is over. */
  readonly signal: AbortSignal
  onProgress(params: JsonObject): void
}

/** @returns at the latest after ATTEMPT_MAX_MS */
export async function attempt(options: AttemptOptions): Promise<AttemptEnd> {
  const deadline = new AbortController()
  // Cleared in time: a timer that is left keeps the object in memory for all of it.
  const timer = setTimeout(() => deadline.abort(), ATTEMPT_MAX_MS)
  const over = AbortSignal.any([options.signal, deadline.signal])
  try {
    const response = await runThrough(options.router, options.run, over)
    return await read(response, over, options)
  } catch (error) {
    return over.aborted ? ended(options.signal) : { kind: 'lost', detail: String(error) }
  } finally {
    clearTimeout(timer)
  }
}

function ended(signal: AbortSignal): AttemptEnd {
  if (signal.aborted) return { kind: 'aborted' }
  const message = `The task did not finish within ${ATTEMPT_MAX_MS / 60_000} minutes and was stopped.`
  return { kind: 'error', error: { code: SERVER_ERROR, message } }
}

async function read(
  response: Response,
  over: AbortSignal,
  options: AttemptOptions,
): Promise<AttemptEnd> {
  const { body, status, headers } = response
  const type = headers.get('content-type')?.split(';', 1)[0]
  if (type !== SSE_CONTENT_TYPE || !body) return endOf(await response.text(), status)
  const watchdog = new Watchdog(() => stream.stop())
  const stream = stoppable(body, () => watchdog.start())
  over.addEventListener('abort', stream.stop, { once: true })
  if (over.aborted) stream.stop()
  try {
    for await (const item of readSse(stream.readable, EVENT_MAX_CHARS)) {
      if (item.kind !== 'data') continue
      const parsed = parseMessage(item.data)
      if (!parsed.ok || parsed.value.kind === 'request') return broken('no message of an answer')
      if (parsed.value.kind === 'response') return endOf(item.data, status)
      const { method, params } = parsed.value.message
      if (method === 'notifications/progress' && params) options.onProgress(params)
    }
  } finally {
    watchdog.stop()
    // Also how the server's `signal` comes to abort.
    stream.stop()
  }
  if (over.aborted) return ended(options.signal)
  return broken(watchdog.hasBarked ? 'silence' : 'the stream ended without an answer')
}

/** Calls back when nothing was heard for too long. */
class Watchdog {
  hasBarked = false
  readonly #bark: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(bark: () => void) {
    this.#bark = bark
  }

  start(): void {
    this.stop()
    this.#timer = setTimeout(() => {
      this.hasBarked = true
      this.#bark()
    }, ATTEMPT_SILENCE_MS)
  }

  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }
}

const broken = (detail: string): AttemptEnd => ({ kind: 'lost', detail })

/** The router answers 502 where something may have run, 503 where nothing has. */
const BAD_GATEWAY = 502
const UNAVAILABLE = 503

function endOf(text: string, status: number): AttemptEnd {
  const parsed = parseMessage(text)
  if (!parsed.ok || parsed.value.kind !== 'response') return refusal(text, status)
  const { message } = parsed.value
  if ('error' in message) {
    if (status === UNAVAILABLE) return { kind: 'unavailable', error: message.error }
    if (status === BAD_GATEWAY) return broken(message.error.message)
    return { kind: 'error', error: message.error }
  }
  const { result } = message
  if (result['resultType'] === 'complete') return { kind: 'result', json: JSON.stringify(result) }
  const { inputRequests, requestState } = result
  if (result['resultType'] === 'input_required' && isObject(inputRequests)) {
    const state = typeof requestState === 'string' ? requestState : undefined
    return { kind: 'asks', requests: inputRequests, requestState: state }
  }
  const refused = 'The server answered what is no result of a task'
  return { kind: 'error', error: { code: INTERNAL_ERROR, message: refused } }
}

/** Words of the router that are no JSON-RPC: who may no longer call (RFC 6750 §3.1). */
function refusal(text: string, status: number): AttemptEnd {
  const parsed = parseJson(text)
  const body = parsed.ok && isObject(parsed.value) ? parsed.value : {}
  const sentence = body['error_description']
  const message = typeof sentence === 'string' ? sentence : `The call was refused (HTTP ${status})`
  const error = { code: SERVER_ERROR, message }
  return status === UNAVAILABLE ? { kind: 'unavailable', error } : { kind: 'error', error }
}
