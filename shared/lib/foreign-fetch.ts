/**
 * The one way to fetch what somebody else publishes or answers: to a public host over
 * https, no redirect, bounded in size and time, never from or into a shared cache.
 *
 * Does NOT judge what the answer says; the caller does.
 */
import { addressFault, type AddressRules } from './public-address.ts'

export interface ForeignFetchRules extends AddressRules {
  /** Of the answer's body. */
  readonly maxBytes: number
  /** From the request to the last byte. */
  readonly timeoutMs: number
  /** It is a JSON document: status 200, `application/json` or `application/…+json`. */
  readonly document?: boolean
  /** The longest the answer may say that it stays fresh. */
  readonly maxAgeSeconds?: number
}

/** The address was refused, or the answer was. The message is a sentence without its full stop. */
export class ForeignFetchError extends Error {
  override readonly name = 'ForeignFetchError'
}

/** Looked up at each call, until {@link guardGlobalFetch} has taken its place. */
let send: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)

/**
 * @returns the answer with its whole body read
 * @throws ForeignFetchError when address or answer break the rules; whatever `fetch` throws
 */
export async function fetchForeign(
  address: string,
  init: RequestInit,
  rules: ForeignFetchRules,
): Promise<Response> {
  const fault = addressFault(address, rules)
  if (fault) throw new ForeignFetchError(fault)
  const timeout = AbortSignal.timeout(rules.timeoutMs)
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  const { method, headers, body } = init
  const answer = await send(address, {
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    // A redirect could lead anywhere, inwards too, and would speak in the name of this address.
    redirect: 'manual',
    // An edge cache keeps errors for minutes and keys for hours.
    cache: 'no-store',
    signal,
  })
  const refused = answerFault(answer, rules)
  if (refused) {
    await answer.body?.cancel()
    throw new ForeignFetchError(refused)
  }
  return whole(answer, rules, signal)
}

/**
 * Puts {@link fetchForeign} in the place of the isolate's `fetch`: for a library that calls it
 * and takes no other. All else of the isolate that fetches says its own rules.
 */
export function guardGlobalFetch(rules: ForeignFetchRules): void {
  const unguarded = globalThis.fetch
  send = (input, init) => unguarded(input, init)
  globalThis.fetch = ((input: RequestInfo | URL, init: RequestInit = {}) =>
    fetchForeign(
      input instanceof Request ? input.url : String(input),
      init,
      rules,
    )) as typeof globalThis.fetch
}

function answerFault(
  { status, headers }: Response,
  { document }: ForeignFetchRules,
): string | undefined {
  if (status >= 300 && status < 400) return 'The address answered with a redirect'
  if (!document) return undefined
  if (status !== 200) return `The address answered with the status ${status}`
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return /^application\/([a-z0-9!#$&^_.+-]+\+)?json$/i.test(type.trim())
    ? undefined
    : 'The address answered with another content type than application/json'
}

async function whole(
  answer: Response,
  rules: ForeignFetchRules,
  signal: AbortSignal,
): Promise<Response> {
  const { status, statusText } = answer
  const headers = new Headers(answer.headers)
  // The body below is decoded already.
  for (const name of ['content-encoding', 'content-length', 'set-cookie']) headers.delete(name)
  if (rules.maxAgeSeconds !== undefined) boundAge(headers, rules.maxAgeSeconds)
  const body = answer.body && (await boundedBytes(answer.body, rules.maxBytes, signal))
  return new Response(body, { status, statusText, headers })
}

/** RFC 9111 §5.2.2: `max-age` and `s-maxage`, each lowered to the bound. */
function boundAge(headers: Headers, maxSeconds: number): void {
  const said = headers.get('cache-control')
  if (said === null) return
  const bounded = said.replace(
    /(max-?age\s*=\s*"?)(\d+)/gi,
    (_, name: string, seconds: string) => name + String(Math.min(Number(seconds), maxSeconds)),
  )
  headers.set('cache-control', bounded)
}

async function boundedBytes(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Blob> {
  const reader = body.getReader()
  const stop = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', stop)
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    // A body that was given up on ends, too.
    signal.throwIfAborted()
    if (done) break
    bytes += value.byteLength
    if (bytes > maxBytes) {
      stop()
      throw new ForeignFetchError(`The answer has more than ${maxBytes} bytes`)
    }
    chunks.push(value as Uint8Array<ArrayBuffer>)
  }
  signal.removeEventListener('abort', stop)
  return new Blob(chunks)
}
