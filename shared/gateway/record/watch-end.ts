/** Learns when an answer ends and how large it was, without reading what need not be read. */
import { SSE_CONTENT_TYPE } from '../../protocol/revisions/2026-07-28/sse.ts'

export type StreamEnd = 'whole' | 'broken' | 'left'

/**
 * Calls back once: at once for an answer with a known end, else when its stream ends.
 *
 * @param onEnd `bytes` absent: not known; `how`: the stream broke, or its reader left
 * @returns the same answer; one over a watched stream where it is an event stream
 */
export function watchEnd(
  answer: Response,
  onEnd: (bytes: number | undefined, how: StreamEnd) => void,
): Response {
  if (!answer.body || answer.headers.get('content-type') !== SSE_CONTENT_TYPE) {
    const declared = answer.headers.get('content-length')
    onEnd(declared === null ? undefined : Number(declared), 'whole')
    return answer
  }
  const reader = answer.body.getReader()
  let bytes = 0
  let isOver = false
  const end = (how: StreamEnd): void => {
    if (isOver) return
    isOver = true
    onEnd(bytes, how)
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          end('whole')
          controller.close()
          return
        }
        bytes += value.byteLength
        controller.enqueue(value)
      } catch (error) {
        end('broken')
        throw error
      }
    },
    cancel(reason) {
      end('left')
      reader.cancel(reason).catch(() => undefined)
    },
  })
  return new Response(body, answer)
}
