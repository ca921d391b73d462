/** 2026-07-28: a client that leaves its stream cancels the call (transports/streamable-http). */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'

let platform: Platform
let url: URL
let authorization: string
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  url = platform.mcpUrl('trouble')
  authorization = `Bearer ${await mintToken(url)}`
})
afterAll(() => platform.close())

const call = (name: string, args: object, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    signal: signal ?? null,
    headers: {
      authorization,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: {
          progressToken: 'p',
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })

test('leaving the stream stops the tool through router and engine', async () => {
  const leave = new AbortController()
  const response = await call('ticks', { mark: 'left' }, leave.signal)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body?.getReader()
  await reader?.read()
  leave.abort()
  await vi.waitFor(
    async () => expect(await (await call('recorded', {})).text()).toContain('stopped:left'),
    { timeout: paced(7_000), interval: 250 },
  )
})

// The runtime itself ends the call to the server; a comment every 15 s is how it notices (DESIGN §4.5).
test('leaving a silent call stops the tool', { timeout: paced(20_000) }, async () => {
  const leave = new AbortController()
  const answered = call('waits', { mark: 'quiet' }, leave.signal).catch(() => undefined)
  const remembered = async () => (await call('recorded', {})).text()
  const soon = { timeout: paced(7_000), interval: 50 }
  await vi.waitFor(async () => expect(await remembered()).toContain('waiting:quiet'), soon)
  leave.abort()
  await answered
  await vi.waitFor(async () => expect(await remembered()).toContain('stopped:quiet'), {
    timeout: paced(15_000),
    interval: 250,
  })
})
