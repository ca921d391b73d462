/** `attach`: a body on its way to PLATFORM, and the link to it. */
import { byteStream } from '../../lib/byte-stream.ts'
import { ATTACHMENT_NAME_MAX_CHARS, ATTACHMENT_TYPE_MAX_CHARS } from '../../services/limits.ts'
import type { ResourceLinkBlock } from '../author/content.ts'
import { ToolError } from '../author/error.ts'
import type { AttachmentBody } from '../author/platform.ts'
import type { Feature } from './feature.ts'
import { linkOf, valueOf, type Link } from './platform-link.ts'
import type { PlatformPart } from '../run/run-model.ts'

/** RFC 9110 §8.3.1. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[ -~]*)?$/

/** For the generated entry of a server whose tools attach. */
export const attachments: Feature = Object.assign(() => ({}), {
  platform: {
    members: ({ input }) => ({
      attach: (name, body, type) => attach(linkOf(input, 'attach'), name, body, type),
    }),
  } satisfies PlatformPart,
})

/** @throws ToolError `attachment_too_large` */
async function attach(
  { platform, capability }: Link,
  name: string,
  body: AttachmentBody,
  type: string,
): Promise<ResourceLinkBlock> {
  if (name === '' || name.length > ATTACHMENT_NAME_MAX_CHARS) {
    throw new TypeError(`attach: give a name of 1 to ${ATTACHMENT_NAME_MAX_CHARS} characters`)
  }
  if (!MEDIA_TYPE.test(type) || type.length > ATTACHMENT_TYPE_MAX_CHARS) {
    throw new TypeError('attach: give a media type such as text/csv')
  }
  const result = await platform.attach(capability, name, type, await bytesOf(body))
  const { uri, sizeBytes } = valueOf('attach', result, { too_large: () => tooLarge(name) })
  return { type: 'resource_link', uri, name, mimeType: type, size: sizeBytes }
}

function bytesOf(body: AttachmentBody) {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return byteStream(body instanceof Blob ? body.stream() : body)
}

const tooLarge = (name: string): ToolError =>
  new ToolError(`"${name}" is too large to be kept.`, {
    code: 'attachment_too_large',
    hint: 'Ask for less: a narrower query, or a part of it.',
  })
