/** Requests as bytes, and what their answers must be. */

/** One of the variants a row sends in turn: their answers differ, so a mixed-up one is noticed. */
export interface Exchange {
  /** Text of the whole HTTP request. */
  readonly request: string
  readonly status: number
  /** Each must occur in the body. */
  readonly includes: readonly string[]
}

/** A POST to `http://<host>/…`, as an HTTP/1.1 client writes it. */
export function httpPost(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  return httpRequest('POST', url, { 'content-type': 'application/json', ...headers }, body)
}

export function httpRequest(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  const lines = Object.entries({
    host: url.host,
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** What is wrong with an answer, or `undefined`. */
export function wrongWith(
  { status, includes }: Exchange,
  answer: { status: number; body: string },
): string | undefined {
  const missing = includes.find((text) => !answer.body.includes(text))
  if (answer.status === status && missing === undefined) return undefined
  const shown = answer.body.slice(0, 500)
  return `expected ${status} with ${missing ?? 'the right body'}, got ${answer.status}: ${shown}`
}
