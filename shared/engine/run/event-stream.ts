/**
 * The event stream an answer becomes when it takes long or reports progress.
 * Events sent before it is opened wait in it. A reader that does not read loses
 * notifications (they may be lost anyway), never the answer.
 */
import {
  SSE_HEADERS,
  SSE_KEEP_ALIVE,
  sseMessage,
  sseRetry,
} from '../../protocol/revisions/2026-07-28/sse.ts'
import { KEEP_ALIVE_MS, STREAM_BUFFER_BYTES } from '../limits.ts'

const encoder = new TextEncoder()

export class EventStream {
  #waiting: string[] = []
  #waitingChars = 0
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #keepAlive: ReturnType<typeof setInterval> | undefined
  /** Called at the first event, while the stream is not open yet. */
  onFirstEvent: (() => void) | undefined

  get isOpen(): boolean {
    return this.#controller !== undefined
  }

  get hasEvents(): boolean {
    return this.#waiting.length > 0
  }

  /** @param json one notification */
  notify(json: string): void {
    this.#say(sseMessage(json))
  }

  /**
   * Tells whoever reads to let go and come back: `retry` without an event, which
   * is nothing to a reader that cannot. @param retryMs after how long
   */
  letGo(retryMs: number): void {
    this.#say(sseRetry(retryMs))
  }

  #say(text: string): void {
    if (this.#controller) {
      if ((this.#controller.desiredSize ?? 0) > 0) this.#write(text)
      return
    }
    if (this.#waitingChars > STREAM_BUFFER_BYTES) return
    this.#waitingChars += text.length
    this.#waiting.push(text)
    this.onFirstEvent?.()
  }

  /** @param onDisconnect the reader went away */
  open(onDisconnect: () => void): Response {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => {
          this.#stop()
          onDisconnect()
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: STREAM_BUFFER_BYTES }),
    )
    for (const text of this.#waiting) this.#write(text)
    this.#waiting = []
    this.#keepAlive = setInterval(() => this.#write(SSE_KEEP_ALIVE), KEEP_ALIVE_MS)
    return new Response(body, { headers: SSE_HEADERS })
  }

  /** The last event. @param json the JSON-RPC response */
  finish(json: string): void {
    this.#write(sseMessage(json))
    try {
      this.#controller?.close()
    } catch {
      // The reader left first.
    }
    this.#stop()
  }

  #write(text: string): void {
    try {
      this.#controller?.enqueue(encoder.encode(text))
    } catch {
      // Cancelled by the reader between two events: onDisconnect has been told.
      this.#stop()
    }
  }

  #stop(): void {
    if (this.#keepAlive !== undefined) clearInterval(this.#keepAlive)
  }
}
