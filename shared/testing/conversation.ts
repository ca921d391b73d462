/** What a client hears while a call runs, in either era: progress, logs, questions to its user. */
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import type { FormSchema, FormValue } from '../tool/elicit.ts'
import { readSse } from '../bridge/sse-reader.ts'
import type { Progress } from './answer.ts'

/** No test sends more in one event. */
const EVENT_MAX_CHARS = 16 * 1024 * 1024

export interface TestQuestion {
  readonly message: string
  /** The form, as the client would draw it; `undefined` when the user is sent to a page. */
  readonly schema: FormSchema | undefined
  /** The page, when the user is sent to one. */
  readonly url: string | undefined
}

/** What the user does with it. */
export type TestReply =
  | { action: 'accept'; content?: Record<string, FormValue> }
  | { action: 'decline' }
  | { action: 'cancel' }

export type Elicit = (question: TestQuestion) => TestReply | Promise<TestReply>

export const questionOf = (params: JsonObject): TestQuestion => ({
  message: String(params['message']),
  schema: params['requestedSchema'] as FormSchema | undefined,
  url: params['url'] as string | undefined,
})

/** The messages of an answer as they come, JSON or stream. */
export async function* messagesOf(response: Response): AsyncGenerator<JsonObject> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    yield (await response.json()) as JsonObject
    return
  }
  if (!response.body) return
  for await (const item of readSse(response.body, EVENT_MAX_CHARS)) {
    if (item.kind === 'data') yield JSON.parse(item.data) as JsonObject
  }
}

/** Collects what is only told. */
export class Listener {
  readonly progress: Progress[] = []
  readonly logs: { level: string; data: unknown }[] = []
  readonly #onProgress: ((progress: Progress) => void) | undefined

  constructor(onProgress: ((progress: Progress) => void) | undefined) {
    this.#onProgress = onProgress
  }

  /** @returns whether the message was a notification */
  hears({ method, id, params }: JsonObject): boolean {
    if (typeof method !== 'string' || id !== undefined || !isObject(params)) return false
    if (method === 'notifications/progress') {
      const { progressToken: _token, ...progress } = params
      this.progress.push(progress as unknown as Progress)
      this.#onProgress?.(progress as unknown as Progress)
    } else if (method === 'notifications/message') {
      this.logs.push({ level: String(params['level']), data: params['data'] })
    }
    return true
  }
}
