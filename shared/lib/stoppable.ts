/**
 * A body that can be ended while somebody reads it: a stream that is being read is
 * locked, and a generator over it cannot be stopped while it waits.
 */
export interface Stoppable {
  readonly readable: ReadableStream<Uint8Array>
  /** Cancels the body; whoever reads comes to its end. */
  stop(): void
}

/** @param onPull called before each read, e.g. to watch for silence */
export function stoppable(body: ReadableStream<Uint8Array>, onPull?: () => void): Stoppable {
  const reader = body.getReader()
  const stop = (): void => {
    reader.cancel().catch(() => undefined)
  }
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      onPull?.()
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: stop,
  })
  return { readable, stop }
}
