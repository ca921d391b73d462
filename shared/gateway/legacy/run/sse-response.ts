/** SSE text as the response to a 2025 client, read on to its end when the client leaves. */
import { SSE_HEADERS } from '../../../protocol/revisions/2026-07-28/sse.ts'
import type { LegacyInput } from '../input.ts'

/**
 * @param events never throw
 * @param gone aborted here when the client leaves before the end; by the events themselves to let
 *   the client go: what they yield next is the last it gets
 */
export function sseResponse(
  { request, waitUntil }: LegacyInput,
  events: AsyncGenerator<string, void, undefined>,
  gone: AbortController,
): Response {
  const encoder = new TextEncoder()
  const finished = Promise.withResolvers<void>()
  // Keeps the invocation for what remains to be done after the client left.
  waitUntil(finished.promise)
  let ended = false
  gone.signal.addEventListener('abort', () => void drain(events).finally(finished.resolve))
  const leave = (): void => {
    if (!ended) gone.abort()
  }
  // The runtime cancels a stream only when it next writes to it; the signal tells at once.
  request.signal.addEventListener('abort', leave)
  // A tool that first waits: its client may have left before there was a stream to leave.
  if (request.signal.aborted) leave()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await events.next()
        if (done) {
          ended = true
          finished.resolve()
        }
        const isLast = done === true || gone.signal.aborted
        try {
          if (value) controller.enqueue(encoder.encode(value))
          if (isLast) controller.close()
        } catch {
          // Cancelled by the client meanwhile: what this was is remembered, or lost on them alone.
        }
        if (isLast || value) return
      }
    },
    cancel: leave,
  })
  return new Response(body, { headers: SSE_HEADERS })
}

async function drain(events: AsyncGenerator<string>): Promise<void> {
  for (;;) {
    const { done } = await events.next()
    if (done) return
  }
}
