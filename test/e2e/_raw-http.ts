/** Requests byte by byte, as no HTTP client would send them. */
import { connect } from 'node:net'

/** Longer than any refusal takes; a connection that stays open is an answer of its own. */
const QUIET_MS = 1500

/**
 * @param lines request line and headers; `''` and a body may follow
 * @returns all that came back until the server closed or fell silent
 */
export function rawHttp(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(QUIET_MS, () => {
      if (answer !== '') socket.destroy()
    })
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
}

/** 0 where it is no HTTP answer. */
export const statusOf = (answer: string): number =>
  Number(/^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1] ?? 0)
