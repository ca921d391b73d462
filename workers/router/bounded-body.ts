/** Bodies are read and streamed within bounds, whatever the other side announces. */

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

/**
 * Passes a stream through and errors it after `maxBytes`, or with the first chunk
 * after `maxMs`; the sender is cancelled.
 */
export function limitStream(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  maxMs: number,
): ReadableStream<Uint8Array> {
  const endMs = Date.now() + maxMs
  let size = 0
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength
        if (size > maxBytes || Date.now() > endMs) {
          controller.error(new Error('the answer is over its bound'))
        } else {
          controller.enqueue(chunk)
        }
      },
    }),
  )
}
