/**
 * JSON-RPC batches, which 2025-03-26 alone has (basic/transports "Sending Messages to
 * the Server"; JSON-RPC 2.0 §6). Each item is a message of its own: authorised,
 * limited and answered as if it had come alone; a refusal of one is its answer.
 */
import { invalidRequest, errorJson, errorResponse } from '../../protocol/errors.ts'
import { SESSION_HEADER } from '../../protocol/headers.ts'
import {
  asMessage,
  isObject,
  isRequestId,
  parseJson,
  type JsonRpcMessage,
} from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import {
  SSE_CONTENT_TYPE,
  SSE_HEADERS,
  sseMessage,
} from '../../protocol/revisions/2026-07-28/sse.ts'
import { refusalJson } from './call.ts'
import { BATCH_ITEMS_MAX } from './limits.ts'

type AnswerOne = (message: JsonRpcMessage) => Promise<Response>

/** @param answerOne answers one item; its stream cannot be resumed */
export async function answerBatch(items: unknown[], answerOne: AnswerOne): Promise<Response> {
  const problem = problemOf(items)
  if (problem !== undefined) return errorResponse(null, invalidRequest(`Bad Request: ${problem}`))
  const answers = await Promise.all(items.map((item) => answerOf(item, answerOne)))
  const texts = answers.flatMap(({ text }) => (text === undefined ? [] : [text]))
  const streams = answers.flatMap(({ stream }) => (stream ? [stream] : []))
  if (texts.length + streams.length === 0) return new Response(null, { status: 202 })
  const sessionId = answers.findLast(({ sessionId }) => sessionId)?.sessionId
  const headers = sessionId ? { [SESSION_HEADER]: sessionId } : {}
  if (streams.length > 0) {
    return new Response(merge(texts, streams), { headers: { ...SSE_HEADERS, ...headers } })
  }
  return new Response(`[${texts.join(',')}]`, {
    headers: { 'content-type': 'application/json', ...headers },
  })
}

function problemOf(items: unknown[]): string | undefined {
  if (items.length === 0) return 'an empty batch'
  if (items.length > BATCH_ITEMS_MAX) return `a batch has at most ${BATCH_ITEMS_MAX} messages`
  const requests = items.filter((item) => isObject(item) && 'method' in item && 'id' in item)
  if (requests.some((request) => isObject(request) && request['method'] === 'initialize')) {
    return 'initialize must not be part of a batch'
  }
  const ids = requests.map((request) => JSON.stringify((request as { id: unknown }).id))
  return new Set(ids).size < ids.length ? 'two requests of one batch have the same id' : undefined
}

/** `text`: one JSON-RPC message; none of the three for what wants no answer. */
interface Answer {
  readonly text?: string
  readonly stream?: ReadableStream<Uint8Array>
  readonly sessionId?: string | null
}

async function answerOf(item: unknown, answerOne: AnswerOne): Promise<Answer> {
  const message = asMessage(item)
  if (!message) return { text: errorJson(idOf(item), invalidRequest()) }
  const response = await answerOne(message)
  if (message.kind !== 'request') return {}
  const sessionId = response.headers.get(SESSION_HEADER)
  const { id } = message.message
  if (response.headers.get('content-type')?.startsWith(SSE_CONTENT_TYPE) && response.body) {
    return { stream: response.body, sessionId }
  }
  const text = await response.text()
  if (isAnswerTo(id, text)) return { text, sessionId }
  return { text: await refusalJson(id, new Response(text, response)), sessionId }
}

function idOf(item: unknown): RequestId | null {
  const id = isObject(item) ? item['id'] : undefined
  return isRequestId(id) ? id : null
}

/** What is none is a refusal of the router, in the words of HTTP. */
function isAnswerTo(id: RequestId, text: string): boolean {
  const parsed = parseJson(text)
  return parsed.ok && isObject(parsed.value) && parsed.value['id'] === id
}

/** One stream of all: every chunk of ours is whole events, so they may come in any order. */
function merge(texts: string[], streams: ReadableStream<Uint8Array>[]): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const encoder = new TextEncoder()
  const pump = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    // Ends with an error when the client leaves; then the loop cancels its stream.
    for await (const chunk of stream) await writer.write(chunk)
  }
  const head = texts.map((text) => writer.write(encoder.encode(sseMessage(text))))
  void Promise.allSettled([...head, ...streams.map(pump)])
    .then(() => writer.close())
    .catch(() => undefined)
  return readable
}
