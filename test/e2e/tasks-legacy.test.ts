/** 2025 clients know no tasks: theirs look like calls, and outlive the stream they are shown on (DESIGN §4.5). */
import { paced } from '../_pace.ts'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, type CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStream, type OpenStream } from './_listen.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { jsonHeaders, LEGACY } from './_wire.ts'
import { mintToken } from './_tokens.ts'

let platform: Platform
let url: URL
let token: string
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/jobs'] })
  url = platform.mcpUrl('jobs')
  token = await mintToken(url, { scope: 'jobs:run' })
})
afterAll(() => platform.close())

const textOf = (result: unknown) => (result as CallToolResult).content[0]

describe('the official SDK 1.x', () => {
  async function connect(at: URL, sure = true) {
    const token = await mintToken(at, { scope: 'jobs:run' })
    const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { sure } }))
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    const transport = new StreamableHTTPClientTransport(at, { requestInit })
    await client.connect(transport as Parameters<Client['connect']>[0])
    return client
  }

  test('sees a call with progress and a question, and its answer; no capability it does not know', async () => {
    const client = await connect(url)
    expect(client.getServerCapabilities()).not.toHaveProperty('extensions')
    const seen: string[] = []
    const result = await client.callTool(
      { name: 'order', arguments: { item: 'tea', steps: 20 } },
      undefined,
      { onprogress: ({ message }) => seen.push(message ?? '') },
    )
    expect(textOf(result)).toEqual({ type: 'text', text: 'ordered tea' })
    expect(seen).toContain('looking')
    expect(seen).toContain('ordering')
    await client.close()
  })

  test('reads a ToolError as a result and what nobody foresaw as an error', async () => {
    const client = await connect(platform.mcpUrl('conformance'))
    const result = await client.callTool({ name: 'failing_job' })
    expect(result).toMatchObject({ isError: true, content: [{ text: 'The job failed.' }] })
    await expect(client.callTool({ name: 'protocol_error_job' })).rejects.toMatchObject({
      code: -32603,
    })
    await client.close()
  })
})

describe('on the wire', () => {
  let session: string
  let requests = 0

  const headers = () => ({
    ...jsonHeaders(token),
    'mcp-protocol-version': LEGACY,
    ...(session ? { 'mcp-session-id': session } : {}),
  })
  const post = (message: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    return openStream(url, { method: 'POST', headers: headers(), body })
  }
  const comeBack = (stream: OpenStream) =>
    openStream(url, { headers: { ...headers(), 'last-event-id': stream.ids.at(-1) ?? '' } })

  function call(name: string, args: object) {
    const id = ++requests
    const params = { name, arguments: args, _meta: { progressToken: id } }
    return post({ id, method: 'tools/call', params })
  }
  const said = (stream: OpenStream) =>
    stream.messages.flatMap(({ params }) => (params?.['message'] as string | undefined) ?? [])
  const answered = (stream: OpenStream) =>
    expect.poll(() => stream.messages.at(-1), { timeout: paced(7_000) })

  beforeAll(async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...jsonHeaders(token) },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method: 'initialize',
        params: {
          protocolVersion: LEGACY,
          capabilities: { elicitation: {} },
          clientInfo: { name: 'wire', version: '1' },
        },
      }),
    })
    session = response.headers.get('mcp-session-id') ?? ''
  })

  test('a client that leaves and comes back gets the rest; the task was never stopped', async () => {
    const first = await call('work', { steps: 40, mark: 'left' })
    await expect.poll(() => said(first).length, { timeout: paced(7_000) }).toBeGreaterThan(0)
    first.close()
    const back = await comeBack(first)
    await answered(back).toMatchObject({ id: requests, result: { content: [{ type: 'text' }] } })
    const content = JSON.stringify(back.messages.at(-1))
    expect(content).toContain('\\"who\\":\\"alice')
    // It left a second time and missed the answer's delivery: the id after it says that nothing follows.
    expect((await comeBack(back)).status).toBe(204)
  })

  test('one that leaves twice, too, and after the end', async () => {
    const first = await call('work', { steps: 15, mark: 'twice' })
    await expect.poll(() => said(first).length, { timeout: paced(7_000) }).toBeGreaterThan(0)
    first.close()
    const second = await comeBack(first)
    await expect.poll(() => said(second).length, { timeout: paced(7_000) }).toBeGreaterThan(0)
    second.close()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const third = await comeBack(second)
    await answered(third).toMatchObject({ result: { content: [{ type: 'text' }] } })
  })

  test('a question reaches one that came back, and its answer sets the task going', async () => {
    const first = await call('order', { item: 'coffee', steps: 10 })
    await expect.poll(() => said(first), { timeout: paced(7_000) }).toContain('looking')
    first.close()
    const second = await comeBack(first)
    // It may have come before the first stream was closed: then it is not sent twice.
    const asked = () =>
      [...first.messages, ...second.messages].find(({ method }) => method === 'elicitation/create')
    await expect.poll(asked, { timeout: paced(7_000) }).toBeDefined()
    second.close()
    const third = await comeBack(second.messages.length > 0 ? second : first)
    const question = asked()
    const answer = { id: question?.id, result: { action: 'accept', content: { sure: true } } }
    expect((await post(answer)).status).toBe(202)
    await answered(third).toMatchObject({ result: { content: [{ text: 'ordered coffee' }] } })
  })

  test('a cancelled call cancels its task, and says nothing more', async () => {
    const stream = await call('work', { steps: 600, mark: 'taken-back' })
    await expect.poll(() => said(stream).length, { timeout: paced(7_000) }).toBeGreaterThan(0)
    await post({ method: 'notifications/cancelled', params: { requestId: requests } })
    await stream.ended
    expect(stream.methods()).not.toContain('result')
    const marks = () =>
      fetch(url, {
        method: 'POST',
        headers: headers(),
        body: '{"jsonrpc":"2.0","id":"r","method":"tools/call","params":{"name":"recorded"}}',
      }).then((response) => response.text())
    await expect.poll(marks, { timeout: paced(7_000) }).toContain('stopped:taken-back')
  })
})
