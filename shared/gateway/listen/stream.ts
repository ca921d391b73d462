/**
 * A long answer as an event stream, pulled as its reader reads. Tells whoever
 * writes it when the reader is gone.
 */
import { SSE_HEADERS } from '../../protocol/revisions/2026-07-28/sse.ts'
import { logUnexpected } from '../../lib/log.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'

/**
 * @param events SSE text; ends by itself when `gone` is aborted
 * @param gone aborted here, when the reader leaves
 */
export function eventStream(
  request: Request,
  events: AsyncGenerator<string, void, undefined>,
  gone: AbortController,
): Response {
  const encoder = new TextEncoder()
  const leave = (): void => {
    gone.abort()
  }
  // The runtime cancels a stream only when it next writes to it; the signal tells at once.
  if (request.signal.aborted) leave()
  else request.signal.addEventListener('abort', leave)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const text = await nextOf(events)
      // A stream that was cancelled takes nothing more, its end neither.
      if (gone.signal.aborted) return
      if (text !== undefined) return controller.enqueue(encoder.encode(text))
      leave()
      controller.close()
    },
    cancel: leave,
  })
  return new Response(body, { headers: { ...SSE_HEADERS, ...ANSWER_HEADERS } })
}

/** @returns `undefined` at the end; a failure is one too: the client sees it and comes again */
async function nextOf(events: AsyncGenerator<string, void, undefined>) {
  try {
    const { done, value } = await events.next()
    return done ? undefined : value
  } catch (error) {
    logUnexpected('listening_failed', error)
    return undefined
  }
}
