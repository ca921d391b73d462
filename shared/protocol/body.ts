/**
 * Reading a request body within a bound. The declared length is trusted only to
 * refuse early and to take the runtime's fast path: HTTP itself holds a sender to it.
 */
import { bodyTooLarge, parseError, type WireError } from './errors.ts'
import { fail, ok, type Result } from '../lib/result.ts'

/**
 * So much of a body over its bound is read and thrown away before the refusal. A client
 * that sends all before it reads would else meet a reset connection, and never the answer
 * (RFC 9112 §9.6). Costs no memory; what is longer still is cut off.
 */
const DISCARDED_MAX_BYTES = 16 * 1024 * 1024

/** @returns the text (invalid UTF-8 replaced), or 413, or −32700 when the stream broke */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<Result<string, WireError>> {
  const declared = request.headers.get('content-length')
  try {
    if (declared !== null && Number(declared) > maxBytes) {
      if (request.body) await discard(request.body.getReader())
      return fail(bodyTooLarge(maxBytes))
    }
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
      await discard(reader)
      return fail(bodyTooLarge(maxBytes))
    }
    text += decoder.decode(value, { stream: true })
  }
}

/**
 * Reads what an answered request still sends, and throws it away, up to a bound: see
 * {@link DISCARDED_MAX_BYTES}. Nothing to do, and no time spent, where the body was read.
 */
export async function discardRest(request: Request): Promise<void> {
  if (!request.body || request.bodyUsed) return
  // A sender that breaks off has no use for the answer either.
  await discard(request.body.getReader()).catch(() => undefined)
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let bytes = 0
  while (bytes < DISCARDED_MAX_BYTES) {
    const { done, value } = await reader.read()
    if (done) return
    bytes += value.byteLength
  }
  await reader.cancel()
}
