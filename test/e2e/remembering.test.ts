/**
 * What tools remember through PLATFORM, with both official SDKs and on the wire:
 * handles, attachments, and answers that count once, with the platform evicted or
 * restarted between every two steps (DESIGN §4.3, §4.6, §4.8).
 */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { interrupt } from './_restart.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, modernMeta, send, type Message } from './_wire.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/keeper'] })
})
afterAll(() => platform.close())

const CLASSES = ['RunObject', 'StateObject', 'AttachmentObject', 'SessionObject']
/** A restart takes seconds, so there is one, on the wire. */
const HOW = ['evicted', 'sockets cut'] as const
const tokenOf = (sub: string) => mintToken(platform.mcpUrl('keeper'), { sub })
type Answer = () => Promise<{ action: 'accept'; content: { ok: boolean } }>
const accept = { action: 'accept' as const, content: { ok: true } }

/** As much of either SDK's client as is used here. */
interface Connected {
  callTool(params: { name: string; arguments: object }): Promise<Record<string, unknown>>
  readResource(params: { uri: string }): Promise<{ contents: object[] }>
  listResources(): Promise<{ resources: object[] }>
  getServerCapabilities(): object | undefined
  close(): Promise<void>
}

async function connect(
  era: string,
  token: string | undefined,
  answer: Answer = async () => accept,
) {
  const url = platform.mcpUrl('keeper')
  const requestInit = { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }
  const info = { name: 'remembering', version: '1' }
  const capabilities = { elicitation: { form: {} } }
  if (era === 'modern') {
    const client = new ModernClient(info, { capabilities, versionNegotiation: { mode: 'auto' } })
    client.setRequestHandler('elicitation/create', answer)
    await client.connect(new ModernTransport(url, { requestInit }))
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    return client as unknown as Connected
  }
  const client = new LegacyClient(info, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, answer)
  await client.connect(new LegacyTransport(url, { requestInit }) as never)
  return client as unknown as Connected
}

const textOf = ({ content }: Record<string, unknown>) =>
  (content as { text?: string }[] | undefined)?.[0]?.text ?? ''

async function add(client: Connected, item: string, handle?: string) {
  const args = { item, ...(handle === undefined ? {} : { handle }) }
  const answer = await client.callTool({ name: 'add', arguments: args })
  return { ...answer, ...(answer['isError'] ? {} : JSON.parse(textOf(answer))) } as {
    isError?: boolean
    handle: string
    items: string[]
    content: { text: string }[]
  }
}

describe.each(['modern', 'legacy'])('a %s client', (era) => {
  test.each(HOW)('finds what is behind its handle: %s between the steps', async (how) => {
    const client = await connect(era, await tokenOf('alice'))
    const { handle } = await add(client, 'a')
    await interrupt(platform, how, CLASSES)
    expect((await add(client, 'b', handle)).items).toEqual(['a', 'b'])
    await client.close()
  })

  test('has a handle nobody else can use; a stranger’s hangs on the handle alone', async () => {
    const [alice, mallory, stranger, another] = await Promise.all([
      connect(era, await tokenOf('alice')),
      connect(era, await tokenOf('mallory')),
      connect(era, undefined),
      connect(era, undefined),
    ])
    const { handle } = await add(alice, 'a')
    for (const other of [mallory, stranger]) {
      const refused = await add(other, 'x', handle)
      expect(refused.isError).toBe(true)
      expect(refused.content[0]?.text).toContain('no such handle')
    }
    const { handle: loose } = await add(stranger, 's')
    expect((await add(another, 't', loose)).items).toEqual(['s', 't'])
    expect((await add(alice, 'x', loose)).isError).toBe(true)
    await Promise.all([alice, mallory, stranger, another].map((client) => client.close()))
  })

  test.each([
    ['text/plain', 1_000_000, true],
    ['application/pdf', 6_000_000, true],
    ['text/plain', 100, false],
  ])('reads an attachment of %s, %d bytes, streamed: %s', async (type, size, streamed) => {
    const client = await connect(era, await tokenOf('alice'))
    expect(client.getServerCapabilities()).toMatchObject({ resources: {} })
    const args = { name: 'save', arguments: { type, size, streamed } }
    const { content } = (await client.callTool(args)) as unknown as { content: [{ uri: string }] }
    const [link] = content
    expect(link).toMatchObject({ type: 'resource_link', name: 'as.txt', mimeType: type, size })
    await interrupt(platform, 'evicted', CLASSES)
    const { contents } = await client.readResource(link)
    const [{ text, blob }] = contents as [{ text?: string; blob?: string }]
    const read = text ?? Buffer.from(blob ?? '', 'base64').toString('latin1')
    expect(text === undefined).toBe(type === 'application/pdf')
    expect(read === 'A'.repeat(size)).toBe(true)

    // By its own URI alone: nothing lists it, and to others it is not there.
    expect((await client.listResources()).resources).toEqual([])
    const mallory = await connect(era, await tokenOf('mallory'))
    await expect(mallory.readResource(link)).rejects.toThrow(/Resource not found/)
    await Promise.all([client.close(), mallory.close()])
  })

  test.each(HOW)('acts once on each consent: %s while the user thinks', async (how) => {
    const token = await tokenOf('alice')
    const client = await connect(era, token, async () => {
      await interrupt(platform, how, CLASSES)
      return accept
    })
    const { handle: log } = await add(client, 'begun')
    const answer = await client.callTool({ name: 'buy', arguments: { log } })
    expect(textOf(answer)).toBe('bought')
    expect((await add(client, 'read', log)).items).toEqual(['begun', 'charged', 'mailed', 'read'])
    await client.close()
  })
})

describe('on the wire', () => {
  const post = async (token: string, tool: string, params: object): Promise<Message> => {
    const _meta = modernMeta(undefined, { elicitation: { form: {} } })
    const { headers, body } = modern('tools/call', { name: tool, _meta, ...params }, { token })
    return (await send(platform.origin, { path: '/keeper/mcp', headers, body })).message
  }
  const answers = (key: string) => ({ [key]: accept })

  test('a restart loses nothing, and a requestState that was used is refused after it; so are other arguments', async () => {
    const token = await tokenOf('alice')
    const begun = await post(token, 'add', { arguments: { item: 'begun' } })
    const { handle: log } = JSON.parse(begun.result?.content?.[0]?.text ?? '') as { handle: string }
    const call = { arguments: { log } }
    const first = await post(token, 'buy', call)
    const round = (last: Message, key: string, args: object = call, as = token) =>
      post(as, 'buy', {
        ...args,
        requestState: last.result?.['requestState'],
        inputResponses: answers(key),
      })
    const second = await round(first, 'charge')
    expect(second.result?.resultType).toBe('input_required')
    const refused = { error: { code: -32602, data: { reason: 'invalid_request_state' } } }
    expect(await round(second, 'mail', { arguments: { log: 'other' } })).toMatchObject(refused)
    expect(await round(second, 'mail', call, await tokenOf('mallory'))).toMatchObject(refused)

    const both = await Promise.all([round(second, 'mail'), round(second, 'mail')])
    expect(both.filter(({ result }) => result)).toHaveLength(1)
    const saved = await post(token, 'save', {
      arguments: { type: 'text/plain', size: 9, streamed: false },
    })
    const [link] = (saved.result?.content ?? []) as unknown as { uri: string }[]
    await interrupt(platform, 'workerd restarted', CLASSES)
    const { headers, body } = modern('resources/read', { uri: link?.uri }, { token })
    const read = await send(platform.origin, { path: '/keeper/mcp', headers, body })
    expect(read.message.result).toMatchObject({ contents: [{ text: 'A'.repeat(9) }] })
    const used = { error: { code: -32602, data: { reason: 'request_state_used' } } }
    expect(await round(second, 'mail')).toMatchObject(used)
    expect(await round(first, 'charge')).toMatchObject(used)
    const after = await post(token, 'add', { arguments: { handle: log, item: 'read' } })
    expect(JSON.parse(after.result?.content?.[0]?.text ?? '')).toMatchObject({
      items: ['begun', 'charged', 'mailed', 'read'],
    })
  })

  test.each([
    ['2026-07-28', modern, -32602],
    ['2025-11-25', legacy, -32002],
  ] as const)(
    '%s: a URI of no attachment is not found, and its body must say the same',
    async (_, wire, code) => {
      const token = await tokenOf('alice')
      for (const uri of [
        `attachment:///${'A'.repeat(22)}/as.txt`,
        `attachment:///${'A'.repeat(22)}`,
        'attachment:///../../x',
        `attachment://${'A'.repeat(22)}/as.txt`,
      ]) {
        const { headers, body } = wire('resources/read', { uri }, { token })
        const { message } = await send(platform.origin, { path: '/keeper/mcp', headers, body })
        expect(message.error, uri).toMatchObject({ code, data: { uri } })
      }
    },
  )

  test('an attachment named in the header and another in the body is refused', async () => {
    const token = await tokenOf('alice')
    const { headers, body } = modern(
      'resources/read',
      { uri: `attachment:///${'A'.repeat(22)}/x` },
      { token },
    )
    const other = { ...headers, 'mcp-name': `attachment:///${'B'.repeat(22)}/x` }
    const { message } = await send(platform.origin, { path: '/keeper/mcp', headers: other, body })
    expect(message.error?.code).toBe(-32020)
  })
})
