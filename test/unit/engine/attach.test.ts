/** `attach`: what is too large to answer is stored, and read as a resource by the same caller (DESIGN §4.6). */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { defineResource, defineTool } from '#shared'
import { createTestClient, type TestClientOptions } from '#shared/testing.ts'
import { byteStream } from '#shared/lib/byte-stream.ts'
import { ATTACHMENT_MAX_BYTES } from '#shared/services/limits.ts'
import type { AttachmentBody } from '#shared/engine/author/platform.ts'
import type { ResourceLinkBlock } from '#shared/engine/author/content.ts'

const bytes = Uint8Array.from({ length: 300_001 }, (_, index) => (index * 7) % 256)
const streamed = (size: number, piece: number) => byteStream(pieces(size, piece))

async function* pieces(size: number, piece: number) {
  for (let sent = 0; sent < size; sent += piece) {
    yield bytes.subarray(sent % 100, (sent % 100) + Math.min(piece, size - sent))
  }
}

const BODIES: Record<string, () => AttachmentBody> = {
  text: () => 'a,b\n"é",\u2028€😀\n'.repeat(5000),
  bytes: () => bytes,
  buffer: () => bytes.buffer,
  blob: () => new Blob([bytes]),
  stream: () => streamed(100_000, 999),
  empty: () => '',
  large: () => new Uint8Array(ATTACHMENT_MAX_BYTES + 1),
  largeStream: () => streamed(ATTACHMENT_MAX_BYTES + 1, 65_536),
}

const server = {
  tools: {
    save: defineTool({
      description: 'Saves',
      input: z.object({
        body: z.string(),
        name: z.string().default('a file.bin'),
        type: z.string().default('application/octet-stream'),
      }),
      handler: async ({ body, name, type }, { attach }) => ({
        content: [await attach(name, BODIES[body]?.() ?? '', type)],
      }),
    }),
  },
}

async function saved(args: object, options: TestClientOptions = {}) {
  const client = await createTestClient(server, options)
  const answer = await client.call('save', { ...args })
  return { client, answer, link: answer.content[0] as unknown as ResourceLinkBlock }
}

describe.each(['modern', 'legacy'] as const)('an attachment, for a %s client', (era) => {
  it('of text is read as it was written', async () => {
    const { client, link } = await saved({ body: 'text', type: 'text/csv' }, { era })
    expect(link).toMatchObject({ type: 'resource_link', name: 'a file.bin', mimeType: 'text/csv' })
    expect(link.uri).toMatch(/^attachment:\/\/\/[\w-]{22}\/a-file\.bin$/)
    const { contents } = await client.readResource(link.uri)
    expect(contents).toEqual([{ uri: link.uri, mimeType: 'text/csv', text: BODIES['text']!() }])
    expect(link.size).toBe(new TextEncoder().encode(contents[0]?.text).byteLength)
  })

  it.each(['bytes', 'buffer', 'blob'])('of %s is read byte by byte', async (body) => {
    const { client, link } = await saved({ body }, { era })
    const [contents] = (await client.readResource(link.uri)).contents
    expect(Buffer.from(contents?.blob ?? '', 'base64').equals(Buffer.from(bytes))).toBe(true)
  })

  it('is not there for another principal', async () => {
    const { link } = await saved({ body: 'text' }, { era })
    const other = await createTestClient(server, { era, principal: { subject: 'mallory' } })
    // 2025-11-25 server/resources names −32002 for it, 2026-07-28 −32602.
    const refused = { code: era === 'modern' ? -32602 : -32002 }
    const unknown = `attachment:///${'A'.repeat(22)}/x`
    await expect(other.readResource(link.uri)).rejects.toMatchObject(refused)
    await expect(other.readResource(unknown)).rejects.toMatchObject(refused)
  })
})

it('arrives whole as a stream, whatever its pieces', async () => {
  const { client, link } = await saved({ body: 'stream' })
  const [contents] = (await client.readResource(link.uri)).contents
  expect(Buffer.from(contents?.blob ?? '', 'base64').byteLength).toBe(100_000)
  expect(link.size).toBe(100_000)
})

it('may be empty', async () => {
  const { client, link } = await saved({ body: 'empty', type: 'text/plain' })
  expect((await client.readResource(link.uri)).contents[0]?.text).toBe('')
})

it.each(['large', 'largeStream'])(
  'over its bound is an error the model can act on: %s',
  async (body) => {
    const { answer } = await saved({ body })
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(/too large to be kept[^]*Ask for less/)
  },
)

it.each([
  ['a name over its bound', { name: 'n'.repeat(300) }],
  ['no name', { name: '' }],
  ['no media type', { type: 'csv' }],
  ['a header in the media type', { type: 'text/csv\r\nx: y' }],
])('with %s is the author’s mistake: masked', async (_, wrong) => {
  const { answer } = await saved({ body: 'text', ...wrong })
  expect(answer.text).toMatch(/^Internal error/)
})

it('has a scheme no resource of an author may have', () => {
  expect(() =>
    defineResource({ uri: 'attachment:///x/{y}', description: 'X', read: () => 'x' }),
  ).toThrow(/attachment: is the scheme of what tools attach/)
})
