/** Bodies are read and streamed within bounds, whatever the other side announces. */
import { withTimeout } from '../../lib/lifetime.ts'

/**
 * Reads a body whole, up to `maxBytes`.
 * @returns the bytes, or `undefined` when there are more (the rest is cancelled, never buffered)
 */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!body) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > maxBytes) {
      await reader.cancel('too large')
      return undefined
    }
    chunks.push(value)
  }
  const [only] = chunks
  if (only && chunks.length === 1) return only as Uint8Array<ArrayBuffer>
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

export interface StreamBounds {
  readonly maxBytes: number
  /** Of the whole stream, also while nobody reads it. */
  readonly maxMs: number
  /** Between two chunks, while somebody reads. */
  readonly maxSilenceMs: number
}

/** Passes a stream through, and errors it at the first bound it reaches; the sender is cancelled. */
export function limitStream(
  body: ReadableStream<Uint8Array>,
  { maxBytes, maxMs, maxSilenceMs }: StreamBounds,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let size = 0
  let deadline: ReturnType<typeof setTimeout> | undefined
  const rest = (): void => {
    if (deadline !== undefined) clearTimeout(deadline)
  }
  const stop = (): void => {
    rest()
    // Whoever waits for the sender need not wait for it to be cancelled.
    reader.cancel().catch(() => undefined)
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      deadline = setTimeout(() => {
        controller.error(overBound())
        stop()
      }, maxMs)
    },
    async pull(controller) {
      try {
        const { done, value } = await withTimeout(reader.read(), maxSilenceMs)
        if (done) {
          rest()
          controller.close()
          return
        }
        size += value.byteLength
        if (size > maxBytes) throw overBound()
        controller.enqueue(value)
      } catch (error) {
        stop()
        throw error
      }
    },
    cancel: stop,
  })
}

const overBound = (): Error => new Error('the answer is over its bound')
