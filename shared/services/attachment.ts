/** How an attachment (`ctx.attach`), as it is stored, reads as the contents of a resource. */
import { base64Of } from '../lib/base64.ts'

/** What is known of a stored body. */
export interface AttachmentFacts {
  readonly uri: string
  /** Media type, as the author gave it. */
  readonly type: string
}

/** Types whose bytes are text in UTF-8; anything else is sent as Base64. */
const TEXTUAL =
  /^(text\/[^;]+|application\/(json|xml|yaml|sql|x-ndjson|javascript)|[^;]+\+(json|xml|yaml))(; *charset="?utf-8"?)?$/i

/** A multiple of 3, so that Base64 of the pieces is Base64 of the whole. */
const BLOCK_BYTES = 48 * 1024

/** `contents` of a `resources/read` result, JSON text piece by piece. */
export async function* contentsJson(
  { uri, type }: AttachmentFacts,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const isText = TEXTUAL.test(type)
  const head = JSON.stringify({ uri, mimeType: type }).slice(0, -1)
  yield `[${head},"${isText ? 'text' : 'blob'}":"`
  yield* isText ? textPieces(body) : base64Pieces(body)
  yield '"}]'
}

async function* textPieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of body) yield escaped(decoder.decode(chunk, { stream: true }))
  yield escaped(decoder.decode())
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

async function* base64Pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const block of blocksOf(body, BLOCK_BYTES)) yield base64Of(block)
}

/** The same bytes in blocks of one size, but for the last. */
export async function* blocksOf(
  body: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(blockBytes)
  let filled = 0
  for await (const chunk of body) {
    for (let offset = 0; offset < chunk.byteLength;) {
      const piece = chunk.subarray(offset, offset + blockBytes - filled)
      block.set(piece, filled)
      filled += piece.byteLength
      offset += piece.byteLength
      if (filled < blockBytes) continue
      yield block
      block = new Uint8Array(blockBytes)
      filled = 0
    }
  }
  if (filled > 0) yield block.subarray(0, filled)
}
