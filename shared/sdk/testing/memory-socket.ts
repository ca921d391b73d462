/** Sockets to the objects of a test: frames go to the side that accepted. */
import type { SessionFrame } from '../../contracts/sessions.ts'

/** The client side of a WebSocket: what was sent before `accept()` waits for it. */
export class MemorySocket extends EventTarget {
  readonly #before: readonly SessionFrame[]
  /** Called when its reader is ready. */
  onAccept: (() => void) | undefined

  constructor(frames: readonly SessionFrame[]) {
    super()
    this.#before = [...frames]
  }

  accept(): void {
    for (const frame of this.#before) this.deliver(frame)
    this.onAccept?.()
  }

  deliver(frame: SessionFrame): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }))
  }

  close(): void {
    this.dispatchEvent(new Event('close'))
  }
}
