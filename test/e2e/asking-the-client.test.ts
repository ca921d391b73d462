/** Sampling, roots and pages asked of the official SDK 1.x client: requests on its stream, answers by POST (2025-11-25). */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

async function connect(capabilities: object): Promise<Client> {
  const client = new Client({ name: 'asked', version: '1' }, { capabilities })
  await client.connect(
    // The SDK's own types do not know exactOptionalPropertyTypes.
    new StreamableHTTPClientTransport(platform.mcpUrl('conformance')) as never,
  )
  return client
}

test('questions of three kinds are answered together, and the call ends', async () => {
  const client = await connect({ elicitation: {}, sampling: {}, roots: {} })
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept' as const,
    content: { name: 'Ada' },
  }))
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'Welcome' },
    model: 'test-model',
  }))
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }))
  const { content } = await client.callTool({ name: 'test_input_required_result_multiple_inputs' })
  expect(JSON.stringify(content)).toMatch(/Welcome.*to Ada, who has 1 roots/)
  await client.close()
})

test.each([
  ['test_sampling', { prompt: 'x' }, /does not support sampling/],
  ['test_input_required_result_list_roots', {}, /does not support listing roots/],
])('%s of a client that cannot is a failed tool call that says so', async (name, args, words) => {
  const client = await connect({})
  const { content, isError } = await client.callTool({ name, arguments: args })
  expect(isError).toBe(true)
  expect(JSON.stringify(content)).toMatch(words)
  await client.close()
})

test('a prompt that asks first is answered like a tool; without the capability it is an error', async () => {
  const name = 'test_input_required_result_prompt'
  const client = await connect({ elicitation: {} })
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept' as const,
    content: { context: 'the sea' },
  }))
  const { messages } = await client.getPrompt({ name })
  expect(messages).toMatchObject([{ content: { text: 'Use the context: the sea' } }])
  await client.close()

  const mute = await connect({})
  await expect(mute.getPrompt({ name })).rejects.toThrow(/does not support form elicitation/)
  await mute.close()
})
