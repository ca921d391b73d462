/**
 * Streams of 2025 sessions on the wire (2025-11-25 basic/transports): lost and
 * resumed, let go and polled, cancelled, batched; at two routers and two instances
 * of a server over one set of objects; and thousands that leave nothing behind.
 */
import { paced } from '../_pace.ts'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { CallToolResult, JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SseEvent } from '../_sse.ts'
import { LegacyClient, type OpenStream } from './_legacy-client.ts'
import { SECOND_ROUTER, startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'

let platform: Platform
let token: string
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'], secondRouter: true })
  token = await mintToken(platform.mcpUrl('trouble'))
})
afterAll(() => platform.close())

const SOON = { timeout: paced(7_000), interval: 100 }
const sessionObjects = () =>
  platform.worker('mcp-edge-objects').listDurableObjectIds('SessionObject')
const progressOf = (event: SseEvent | undefined) => event?.message?.params?.['progress'] as number
const open = (options = {}) => LegacyClient.open(platform.mcpUrl('trouble'), { token, ...options })

const second = (url: URL, init: RequestInit) =>
  platform.worker(SECOND_ROUTER).fetch(url.href, init as never) as unknown as Promise<Response>

async function connect(server: string, sdkFetch?: typeof fetch) {
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(platform.mcpUrl(server), {
    requestInit: { headers: server === 'trouble' ? { authorization: `Bearer ${token}` } : {} },
    ...(sdkFetch ? { fetch: sdkFetch } : {}),
  })
  // The SDK's transport is typed without `exactOptionalPropertyTypes`.
  await client.connect(transport as Parameters<Client['connect']>[0])
  return { client, transport }
}

async function recorded(client: LegacyClient): Promise<string> {
  const params = { name: 'recorded' }
  return (await client.post({ id: 'r', method: 'tools/call', params })).text()
}

async function progressAfter(stream: OpenStream, count: number): Promise<number[]> {
  const seen: number[] = []
  while (seen.length < count) seen.push(progressOf(await stream.next()))
  return seen
}

test(
  '1,000 sessions that list and call leave no Session object',
  { timeout: paced(40_000) },
  async () => {
    const AT_ONCE = 20
    // With a GET stream of its own, as every session of the SDK.
    const sdkSession = async (): Promise<void> => {
      const { client } = await connect('conformance')
      await client.listTools()
      await client.callTool({ name: 'test_simple_text' })
      await client.close()
    }
    const session = async (): Promise<void> => {
      const client = await LegacyClient.open(platform.mcpUrl('conformance'))
      const params = { name: 'test_simple_text' }
      for (const message of [{ method: 'tools/list' }, { method: 'tools/call', params }]) {
        const response = await client.post({ id: 1, ...message })
        expect(response.status).toBe(200)
        await response.body?.cancel()
      }
    }
    for (let begun = 0; begun < 1_000; begun += AT_ONCE) {
      await Promise.all([sdkSession(), ...Array.from({ length: AT_ONCE - 1 }, session)])
    }
    expect(await sessionObjects()).toEqual([])
  },
)

describe('a stream the client lost', () => {
  test('goes on at another router: a disconnect is no cancel, and nothing is lost or told twice', async () => {
    const client = await open()
    const stream = await client.callTool('ticks', { mark: 'lost' })
    await stream.next()
    const first = await stream.next()
    expect(progressOf(first)).toBe(1)
    stream.leave()
    const again = await client.via(second).resume(first?.id)
    expect(await progressAfter(again, 12)).toEqual(Array.from({ length: 12 }, (_, n) => n + 2))
    expect(await recorded(client)).not.toContain('stopped:lost')
    // It can be cancelled from there, too, though it runs at the first one.
    await client.via(second).post({
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    })
    await expect.poll(() => recorded(client), SOON).toContain('stopped:lost')
    for (let event = await again.next(); event; event = await again.next()) {
      expect(event.message?.result).toBeUndefined()
    }
  })

  test('is another one for each call: two at once, each resumed where it was', async () => {
    const client = await open()
    const streams = await Promise.all(
      [1, 2].map((id) => client.callTool('ticks', { mark: `both-${id}` }, id)),
    )
    const lasts = await Promise.all(
      streams.map(async (stream) => {
        const [, last] = [await stream.next(), await stream.next()]
        stream.leave()
        return last?.id ?? ''
      }),
    )
    const [one, two] = await Promise.all(lasts.map((last) => client.resume(last)))
    const tokens = async (stream: OpenStream | undefined) =>
      (await stream?.next())?.message?.params?.['progressToken']
    expect([await tokens(one), await tokens(two)]).toEqual([1, 2])
    for (const requestId of [1, 2]) {
      await client.post({ method: 'notifications/cancelled', params: { requestId } })
    }
    await expect
      .poll(() => recorded(client), SOON)
      .toMatch(/stopped:both-1.*stopped:both-2|stopped:both-2.*stopped:both-1/)
  })
})

test('a question asked at one router is answered at the other, by another instance of the server', async () => {
  const client = await open({ capabilities: { elicitation: { form: {} } } })
  const stream = await client.callTool('ask', { mark: 'across' })
  await stream.next()
  const question = await stream.next()
  expect(question?.message?.method).toBe('elicitation/create')
  const answer = {
    id: question?.message?.id,
    result: { action: 'accept', content: { sure: true } },
  }
  expect((await client.via(second).post(answer)).status).toBe(202)
  const final = await stream.next()
  expect(final?.message?.result).toBeDefined()
  stream.leave()
  const replayed = await client.via(second).resume(question?.id)
  expect((await replayed.next())?.message).toEqual(final?.message)
})

describe('the official SDK 1.x', () => {
  test('comes back by itself for a stream the handler let go (SEP-1699)', async () => {
    const { client } = await connect('conformance')
    const { content } = await client.callTool({ name: 'test_reconnection' })
    expect(content).toMatchObject([{ text: 'Reconnection test completed successfully' }])
    await client.close()
  })

  test('comes back by itself when its connection breaks in mid-call: no report twice, none lost', async () => {
    let broken = 0
    // The first event of the call's stream gets through; then the connection is gone.
    const breaking: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      const isCall = typeof init?.body === 'string' && init.body.includes('tools/call')
      if (!isCall || !response.body || broken++ > 0) return response
      const reader = response.body.getReader()
      let chunks = 0
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          controller.enqueue(value)
          if (++chunks < 2) return
          await reader.cancel()
          controller.error(new Error('connection reset'))
        },
      })
      return new Response(body, response)
    }
    const { client } = await connect('conformance', breaking)
    const seen: number[] = []
    const { content } = await client.callTool({ name: 'test_tool_with_progress' }, undefined, {
      onprogress: ({ progress }) => seen.push(progress),
    })
    expect(content).toMatchObject([{ text: 'Done in three steps.' }])
    expect(seen).toEqual([0, 50, 100])
    expect(broken).toBe(1)
    await client.close()
  })

  test('cancels: the handler’s signal aborts', async () => {
    const { client, transport } = await connect('trouble')
    const stop = new AbortController()
    const calling = client.callTool({ name: 'waits', arguments: { mark: 'sdk' } }, undefined, {
      signal: stop.signal,
    })
    const observer = new LegacyClient(platform.mcpUrl('trouble'), { token })
    await expect.poll(() => recorded(observer), SOON).toContain('waiting:sdk')
    stop.abort('no longer needed')
    await expect(calling).rejects.toThrow('no longer needed')
    await expect.poll(() => recorded(observer), SOON).toContain('stopped:sdk')
    await transport.terminateSession()
    await client.close()
  })

  test.each(['2025-03-26', '2024-11-05'])(
    'negotiates %s; only 2025-03-26 takes a batch',
    async (version) => {
      const transport = new StreamableHTTPClientTransport(platform.mcpUrl('conformance'))
      const received = new Map<unknown, CallToolResult & { protocolVersion?: string }>()
      transport.onmessage = (message) => {
        if ('result' in message) received.set(message.id, message.result as never)
      }
      await transport.start()
      const answerTo = (id: unknown) =>
        expect
          .poll(() => received.get(id), SOON)
          .toBeDefined()
          .then(() => received.get(id))
      await transport.send({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: {
          protocolVersion: version,
          capabilities: {},
          clientInfo: { name: 'old', version: '1' },
        },
      })
      expect((await answerTo(0))?.protocolVersion).toBe(version)
      transport.setProtocolVersion(version)
      const call = (id: number, name: string): JSONRPCMessage => ({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name, _meta: { progressToken: id } },
      })
      const batch = [
        { jsonrpc: '2.0' as const, method: 'notifications/initialized' },
        call(1, 'test_simple_text'),
        call(2, 'test_tool_with_progress'),
        { jsonrpc: '2.0' as const, id: 3, method: 'ping' },
      ]
      if (version === '2024-11-05') {
        await expect(transport.send(batch)).rejects.toThrow(/batches are not supported/)
      } else {
        await transport.send(batch)
        expect((await answerTo(2))?.content).toMatchObject([{ text: 'Done in three steps.' }])
        expect((await answerTo(1))?.content).toMatchObject([{ type: 'text' }])
        expect(await answerTo(3)).toEqual({})
      }
      await transport.close()
    },
  )
})
