/**
 * What arrives on a WebSocket to an object, in order, for one reader. Two messages
 * of one slot that nobody read yet become one, so a slow reader is no growing heap.
 */
export interface InboxOptions<Item> {
  /** Aborted when nobody is left to read for. */
  readonly gone: AbortSignal
  read(text: string): Item
  /** Items of one slot replace each other; `undefined`: each counts. */
  slotOf?(item: Item): string | undefined
}

export class SocketInbox<Item> {
  /** Of the other side's close; set when there is nothing left to read. */
  closeCode: number | undefined
  readonly #socket: WebSocket
  readonly #gone: AbortSignal
  readonly #items = new Map<string | symbol, Item>()
  #closed = false
  #wake: () => void = () => undefined

  constructor(socket: WebSocket, { gone, read, slotOf }: InboxOptions<Item>) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const item = read(String(data))
      this.#items.set(slotOf?.(item) ?? Symbol(), item)
      this.#wake()
    })
    socket.addEventListener('close', ({ code }) => {
      this.closeCode = code
      this.#end()
    })
    socket.addEventListener('error', () => {
      this.#end()
    })
    this.#gone = gone
    if (gone.aborted) this.#leave()
    else gone.addEventListener('abort', this.#leave)
    socket.accept()
  }

  /** Waits at most `timeoutMs`. What arrived before the end is still handed out. */
  async next(timeoutMs: number): Promise<Item | 'quiet' | 'closed'> {
    if (this.#items.size === 0 && !this.#closed) await this.#arrival(timeoutMs)
    for (const [slot, item] of this.#items) {
      this.#items.delete(slot)
      return item
    }
    return this.#closed ? 'closed' : 'quiet'
  }

  send(text: string): void {
    try {
      this.#socket.send(text)
    } catch {
      this.#end()
    }
  }

  close(): void {
    try {
      this.#socket.close(1000)
    } catch {
      // Closed by the other side already.
    }
  }

  #arrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  readonly #leave = (): void => {
    this.close()
    this.#end()
  }

  #end(): void {
    this.#gone.removeEventListener('abort', this.#leave)
    this.#closed = true
    this.#wake()
  }
}
