/**
 * One keep-alive HTTP/1.1 connection that sends prepared bytes and reads whole
 * answers: cheap enough that one core of load outruns one core of server.
 *
 * Reads what workerd sends (Content-Length or chunked, no trailers, no 1xx) and nothing else.
 */
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

export class HttpConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<Answer> | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new HttpConnection(socket)
  }

  /** @param request a whole request, one at a time on a connection */
  send(request: Uint8Array): Promise<Answer> {
    this.#waiting = Promise.withResolvers()
    this.#socket.write(request)
    return this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
    const answer = parseAnswer(this.#received)
    if (!answer) return
    this.#received = Buffer.alloc(0)
    this.#waiting?.resolve(answer)
    this.#waiting = undefined
  }
}

/** @returns `undefined` until the answer is whole */
export function parseAnswer(received: Buffer): Answer | undefined {
  const headEnd = received.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n')
  const headers = new Map(lines.map(headerOf))
  const rest = received.subarray(headEnd + HEAD_END.length)
  const body = bodyOf(rest, headers)
  return body && { status: Number(statusLine.split(' ')[1]), headers, body: body.toString() }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

function bodyOf(rest: Buffer, headers: ReadonlyMap<string, string>): Buffer | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return dechunk(rest)
  const length = Number(headers.get('content-length') ?? 0)
  return rest.length >= length ? rest.subarray(0, length) : undefined
}

/** RFC 9112 §7.1. */
function dechunk(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf(LINE_END, at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + LINE_END.length
    const end = start + size + LINE_END.length
    if (rest.length < end) return undefined
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(rest.subarray(start, start + size))
    at = end
  }
}
