/** What a client hears while a call runs, in either era: progress, logs, questions to its user. */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { FormSchema, FormValue } from '../../engine/author/elicit.ts'
import type { Root, Sampled, SampleParams } from '../../engine/author/sample.ts'
import { readSse } from '../../protocol/sse-reader.ts'
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

/** Who answers at the client; what is left out, the client says it does not have. */
export interface TestUser {
  /** Answers questions to the user. */
  elicit?: (question: TestQuestion) => TestReply | Promise<TestReply>
  /** The client's model. */
  sample?: (params: SampleParams) => Sampled | Promise<Sampled>
  roots?: Root[]
}

/** As both eras declare them. */
export const capabilitiesOf = ({ elicit, sample, roots }: TestUser): JsonObject => ({
  ...(elicit ? { elicitation: { form: {}, url: {} } } : {}),
  ...(sample ? { sampling: {} } : {}),
  ...(roots ? { roots: {} } : {}),
})

/** The result of one question of the server. */
export async function answerTo(
  { elicit, sample, roots }: TestUser,
  { method, params }: JsonObject,
): Promise<unknown> {
  switch (method) {
    case 'sampling/createMessage':
      return sample?.(params as unknown as SampleParams)
    case 'roots/list':
      return { roots }
    default:
      return elicit?.(questionOf(params as JsonObject))
  }
}

const questionOf = (params: JsonObject): TestQuestion => ({
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
