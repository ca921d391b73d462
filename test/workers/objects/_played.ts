/** A server whose calls are streams that the test plays, event by event. */
import { asks, complete, type InnerBody } from './_bridge.ts'

/** @returns a server for `connect`, and its calls in order */
export function played() {
  const calls: Played[] = []
  const server = (body: InnerBody): Response => {
    const call = new Played(body)
    calls.push(call)
    return call.response
  }
  return { server, calls, last: () => calls.at(-1)! }
}

export class Played {
  readonly response: Response
  readonly #body: InnerBody
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(body: InnerBody) {
    this.#body = body
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
      undefined,
      new CountQueuingStrategy({ highWaterMark: 100 }),
      new CountQueuingStrategy({ highWaterMark: 100 }),
    )
    this.#writer = writable.getWriter()
    this.response = new Response(readable, { headers: { 'content-type': 'text/event-stream' } })
  }

  raw(text: string): Promise<void> {
    return this.#writer.write(new TextEncoder().encode(text))
  }

  progress(progress: number): Promise<void> {
    const params = { progressToken: 1, progress }
    return this.raw(sse({ jsonrpc: '2.0', method: 'notifications/progress', params }))
  }

  async end(text: string): Promise<void> {
    await this.raw(
      `data: ${await complete(this.#body, { content: [{ type: 'text', text }] }).text()}\n\n`,
    )
  }

  async ask(key: string): Promise<void> {
    await this.raw(`data: ${await asks(this.#body, [key], 's1').text()}\n\n`)
  }
}

const sse = (message: object): string => `data: ${JSON.stringify(message)}\n\n`
