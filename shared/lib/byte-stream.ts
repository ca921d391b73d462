/** A stream of bytes over whatever yields them: calls between Workers carry only such streams. */
export function byteStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      for (;;) {
        const { done, value } = await iterator.next()
        if (done) {
          controller.close()
          controller.byobRequest?.respond(0)
          return
        }
        // An empty piece is none to a stream of bytes.
        if (value.byteLength === 0) continue
        // A copy: the stream takes the memory of what it is given.
        controller.enqueue(value.slice())
        return
      }
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

const encoder = new TextEncoder()

export async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield encoder.encode(text)
}
