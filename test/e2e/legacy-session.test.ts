/** A real 2025 client (official SDK 1.x) through the whole platform: sessions, streams, questions. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  ElicitRequestSchema,
  type CallToolResult,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

async function connect(answer?: () => ElicitResult | Promise<ElicitResult>) {
  const capabilities = answer ? { elicitation: { form: {} } } : {}
  const client = new Client({ name: 'test', version: '1' }, { capabilities })
  if (answer) client.setRequestHandler(ElicitRequestSchema, answer)
  const transport = new StreamableHTTPClientTransport(platform.mcpUrl('conformance'))
  // The SDK's transport is typed without `exactOptionalPropertyTypes`.
  await client.connect(transport as Parameters<Client['connect']>[0])
  return { client, transport }
}

const textOf = (result: unknown) => (result as CallToolResult).content[0]

const sessionObjects = () =>
  platform.worker('mcp-edge-objects').listDurableObjectIds('SessionObject')

test('ten calls and lists of one session, its own GET included, leave no Session object (DESIGN §4.2)', async () => {
  const { client, transport } = await connect()
  for (let n = 0; n < 10; n++) {
    await client.listTools()
    const result = await client.callTool({ name: 'test_simple_text' })
    expect(textOf(result)).toMatchObject({ type: 'text' })
  }
  await client.ping()
  expect(await sessionObjects()).toEqual([])
  await transport.terminateSession()
  await client.close()
})

test('progress arrives while the call runs', async () => {
  const { client } = await connect()
  const seen: number[] = []
  await client.callTool({ name: 'test_tool_with_progress' }, undefined, {
    onprogress: ({ progress }) => seen.push(progress),
  })
  expect(seen).toEqual([0, 50, 100])
  await client.close()
})

test('a deleted session answers 404, and so does one of another server', async () => {
  const { client, transport } = await connect()
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-session-id': transport.sessionId ?? '',
  }
  const ping = () =>
    fetch(platform.mcpUrl('conformance'), {
      method: 'POST',
      headers,
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    })
  expect((await ping()).status).toBe(200)
  await transport.terminateSession()
  expect((await ping()).status).toBe(404)
  await client.close()
})

test('a question is asked on the open stream, and its answer, another POST, ends the call', async () => {
  let evicted = 0
  const { client } = await connect(async () => {
    // While the person thinks, the object is evicted: only what is stored counts.
    for (const id of await sessionObjects()) {
      evicted++
      await platform.worker('mcp-edge-objects').evictDurableObject('SessionObject', { id })
    }
    return { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }
  })
  const result = await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })
  expect(textOf(result)).toEqual({
    type: 'text',
    text: 'User response: action=accept, content={"username":"ada","email":"ada@example.com"}',
  })
  expect(evicted).toBe(1)
  await client.close()
})

test('a client that cannot be asked gets a failed call that says so', async () => {
  const { client } = await connect()
  const result = await client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })
  expect(result).toMatchObject({
    isError: true,
    content: [{ text: 'Client does not support form elicitation.' }],
  })
  await client.close()
})
