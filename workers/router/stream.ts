/**
 * A long answer as an event stream, pulled as its reader reads. Tells whoever
 * writes it when the reader is gone.
 */
import { SSE_HEADERS } from '#shared/protocol/2026-07-28/sse.ts'
import { logUnexpected } from '#shared/log.ts'
import { ANSWER_HEADERS } from './forward.ts'

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
      try {
        const { done, value } = await events.next()
        if (!done) return controller.enqueue(encoder.encode(value))
      } catch (error) {
        // The client sees the end of the stream, and comes again.
        logUnexpected('listening_failed', error)
      }
      leave()
      controller.close()
    },
    cancel: leave,
  })
  return new Response(body, { headers: { ...SSE_HEADERS, ...ANSWER_HEADERS } })
}
