/**
 * Reads a `text/event-stream` body (WHATWG HTML §9.2.6) as it arrives. Events may
 * be split anywhere, inside a character too. Nothing but one unfinished event is
 * held, and that within a bound.
 */

export type SseItem =
  | { kind: 'data'; data: string }
  /** A comment: the other side is alive. */
  | { kind: 'comment' }
  /** The other side wants the reader to come back later (`retry`). */
  | { kind: 'retry'; ms: number }

/** @throws RangeError when one event is longer than `maxEventChars`; the body is cancelled then */
export async function* readSse(
  body: ReadableStream<Uint8Array>,
  maxEventChars: number,
): AsyncGenerator<SseItem, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const lines = new LineSplitter(maxEventChars)
  const event = new EventBuilder(maxEventChars)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      // An event without its blank line is incomplete and never counts (WHATWG HTML §9.2.6).
      if (done) return
      for (const line of lines.push(decoder.decode(value, { stream: true }))) {
        const item = event.push(line)
        if (item) yield item
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Lines end with LF, CR or CRLF. The unfinished tail is kept in pieces, so long lines stay linear. */
class LineSplitter {
  readonly #maxChars: number
  #pieces: string[] = []
  #chars = 0
  /** A CR ended the last chunk: an LF that opens the next one belongs to it. */
  #afterCr = false

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  *push(chunk: string): Generator<string> {
    let start = this.#afterCr && chunk.startsWith('\n') ? 1 : 0
    if (chunk !== '') this.#afterCr = chunk.endsWith('\r')
    for (const end of chunk.matchAll(/\r\n|\n|\r/g)) {
      if (end.index < start) continue
      yield this.#take(chunk.slice(start, end.index))
      start = end.index + end[0].length
    }
    this.#keep(chunk.slice(start))
  }

  #take(rest: string): string {
    this.#keep(rest)
    const line = this.#pieces.join('')
    this.#pieces = []
    this.#chars = 0
    return line
  }

  #keep(piece: string): void {
    if (piece === '') return
    this.#chars += piece.length
    if (this.#chars > this.#maxChars) throw new RangeError('an event of the stream is too long')
    this.#pieces.push(piece)
  }
}

/**
 * Only `data` and `retry` matter here: MCP puts one JSON-RPC message into each event.
 * Its lines are joined by blanks, which between the parts of a JSON text are as good
 * as line breaks: what is read is passed on as one line of another stream.
 */
class EventBuilder {
  readonly #maxChars: number
  #data: string[] = []
  #chars = 0

  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  push(line: string): SseItem | undefined {
    if (line === '') return this.#finish()
    if (line.startsWith(':')) return { kind: 'comment' }
    const retry = /^retry: ?(\d{1,9})$/.exec(line)?.[1]
    if (retry !== undefined) return { kind: 'retry', ms: Number(retry) }
    if (!line.startsWith('data:')) return undefined
    const data = line.slice(line[5] === ' ' ? 6 : 5)
    this.#chars += data.length
    if (this.#chars > this.#maxChars) throw new RangeError('an event of the stream is too long')
    this.#data.push(data)
    return undefined
  }

  #finish(): SseItem | undefined {
    const data = this.#data.join(' ')
    this.#data = []
    this.#chars = 0
    return data === '' ? undefined : { kind: 'data', data }
  }
}
