/**
 * Reading a request body within a bound. The declared length is trusted only to
 * refuse early and to take the runtime's fast path: HTTP itself holds a sender to it.
 */
import { bodyTooLarge, parseError, type WireError } from './errors.ts'
import { fail, ok, type Result } from '../lib/result.ts'

/** @returns the text (invalid UTF-8 replaced), or 413, or −32700 when the stream broke */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<Result<string, WireError>> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > maxBytes) return fail(bodyTooLarge(maxBytes))
  try {
    if (declared !== null || request.body === null) return ok(await request.text())
    return await readChunks(request.body, maxBytes)
  } catch {
    return fail(parseError('Parse error: the request body could not be read'))
  }
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Result<string, WireError>> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return ok(text + decoder.decode())
    bytes += value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel()
      return fail(bodyTooLarge(maxBytes))
    }
    text += decoder.decode(value, { stream: true })
  }
}
