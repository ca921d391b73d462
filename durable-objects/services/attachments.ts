/**
 * Bodies of attachments, in R2. A body that arrives as a stream is stored as it
 * comes, in parts, and dropped once it is over its bound.
 */
import { contentsJson, blocksOf, type AttachmentFacts } from '#shared/services/attachment.ts'
import { byteStream, encoded } from '#shared/lib/byte-stream.ts'
import type { AttachmentBodies } from '#shared/services/calls.ts'
import { ATTACHMENT_KEPT_MS, ATTACHMENT_MAX_BYTES } from '#shared/services/limits.ts'
import { attachmentOf } from '#shared/contracts/entrypoints.ts'
import { ATTACHMENT_PART_BYTES } from '../limits.ts'

interface Metadata extends Record<string, string> {
  readonly type: string
  readonly expiresMs: string
}

export function attachmentsOf({ ATTACHMENTS, ATTACHMENT }: Cloudflare.Env): AttachmentBodies {
  return {
    async put(name, type, body) {
      const key = await keyOf(name)
      const tracker = attachmentOf(ATTACHMENT, name)
      await tracker.keep(key, ATTACHMENT_KEPT_MS)
      const expiresMs = `${Date.now() + ATTACHMENT_KEPT_MS}`
      const size = await store(ATTACHMENTS, key, { type, expiresMs }, body)
      if (size === undefined) await tracker.drop()
      return size
    },
    async read(name, uri) {
      const stored = await ATTACHMENTS.get(await keyOf(name))
      const { type, expiresMs } = (stored?.customMetadata ?? {}) as Partial<Metadata>
      if (!stored || type === undefined || Number(expiresMs) <= Date.now()) {
        await stored?.body.cancel()
        return undefined
      }
      const facts: AttachmentFacts = { uri, type }
      return byteStream(encoded(contentsJson(facts, stored.body)))
    },
  }
}

/** A name may be longer than a key of R2; its digest says as much. */
async function keyOf(name: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** @returns the size in bytes, or `undefined` when it is over the bound; then nothing is stored */
async function store(
  bucket: R2Bucket,
  key: string,
  customMetadata: Metadata,
  body: Uint8Array | ReadableStream<Uint8Array>,
): Promise<number | undefined> {
  if (body instanceof Uint8Array) {
    if (body.byteLength > ATTACHMENT_MAX_BYTES) return undefined
    await bucket.put(key, body, { customMetadata })
    return body.byteLength
  }
  const blocks = blocksOf(body, ATTACHMENT_PART_BYTES)
  const { value: first = new Uint8Array(0) } = await blocks.next()
  if (first.byteLength < ATTACHMENT_PART_BYTES) {
    await bucket.put(key, first, { customMetadata })
    return first.byteLength
  }
  const upload = await bucket.createMultipartUpload(key, { customMetadata })
  try {
    const size = await uploadParts(upload, first, blocks)
    if (size === undefined) await upload.abort()
    return size
  } catch (error) {
    await upload.abort()
    throw error
  }
}

async function uploadParts(
  upload: R2MultipartUpload,
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): Promise<number | undefined> {
  const parts = [await upload.uploadPart(1, first)]
  let size = first.byteLength
  for await (const block of rest) {
    size += block.byteLength
    if (size > ATTACHMENT_MAX_BYTES) return undefined
    parts.push(await upload.uploadPart(parts.length + 1, block))
  }
  await upload.complete(parts)
  return size
}
