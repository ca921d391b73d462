/** Prompts, resources and completions through the router, both eras: lists, policy, scopes (DESIGN §3, §4.7). */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { legacy, modern, send, type Got } from './_wire.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/library'] })
})
afterAll(() => platform.close())

const ask = (
  make: typeof modern,
  method: string,
  params: Record<string, unknown> = {},
  server = 'library',
): Promise<Got> => send(platform.origin, { path: `/${server}/mcp`, ...make(method, params) })

const ledger = {
  ref: { type: 'ref/resource', uri: 'ledger://{year}' },
  argument: { name: 'year', value: '' },
}

describe.each([
  ['2026-07-28', modern, -32602],
  ['2025-11-25', legacy, -32002],
] as const)('a client of %s', (_revision, make, notFound) => {
  test('gets lists with what a scope guards in them, and calls what none guards', async () => {
    const prompts = await ask(make, 'prompts/list')
    expect(JSON.stringify(prompts.message.result)).toMatch(/greet.*audit/)
    const templates = await ask(make, 'resources/templates/list')
    expect(JSON.stringify(templates.message.result)).toMatch(/book:.*ledger:/)
    expect(JSON.stringify(templates.message.result)).not.toContain('library:audit')
    const listed = await ask(make, 'resources/list')
    expect(listed.message.result).toMatchObject({ resources: [{ name: 'Book of anonymous' }] })
    const params = { name: 'greet', arguments: { reader: 'Ada' } }
    const greeted = await ask(make, 'prompts/get', params)
    expect(JSON.stringify(greeted.message.result)).toContain('Welcome, Ada')
    const book = await ask(make, 'resources/read', { uri: 'book://7' })
    expect(book.message.result).toMatchObject({ contents: [{ text: 'Book 7' }] })
  })

  test('is asked for the scope where it calls, never where it lists', async () => {
    for (const [method, params] of [
      ['prompts/get', { name: 'audit' }],
      ['resources/read', { uri: 'ledger://1999' }],
      ['completion/complete', ledger],
    ] as const) {
      const refused = await ask(make, method, params)
      expect(refused.status, method).toBe(401)
      expect(refused.headers['www-authenticate'], method).toContain('library:audit')
    }
  })

  test.each(['book://404', 'book://a/b', 'gone://1', `book://${'a'.repeat(600)}`])(
    'reading %s finds nothing, and is told which URI',
    async (uri) => {
      const { message } = await ask(make, 'resources/read', { uri })
      expect(message.error).toMatchObject({ code: notFound, data: { uri } })
    },
  )

  test('of an unknown prompt or reference is −32602', async () => {
    for (const name of ['gone', 'constructor']) {
      const { message } = await ask(make, 'prompts/get', { name })
      expect(message.error).toMatchObject({ code: -32602 })
    }
    const ref = { ref: { type: 'ref/prompt', name: 'gone' }, argument: { name: 'a', value: '' } }
    expect((await ask(make, 'completion/complete', ref)).message.error).toMatchObject({
      code: -32602,
    })
  })
})

test('2026-07-28: headers that name another prompt than the body are refused (SEP-2243)', async () => {
  const wire = modern('prompts/get', { name: 'audit' })
  const headers = { ...wire.headers, 'mcp-name': 'greet' }
  const { message, status } = await send(platform.origin, {
    path: '/library/mcp',
    ...wire,
    headers,
  })
  expect(status).toBe(400)
  expect(message.error).toMatchObject({ code: -32020 })
})

test('the official SDK 1.x client lists, reads, gets and completes', async () => {
  const client = new Client({ name: 'reader', version: '1' })
  await client.connect(
    // The SDK's own types do not know exactOptionalPropertyTypes.
    new StreamableHTTPClientTransport(platform.mcpUrl('library')) as never,
  )
  expect(client.getServerCapabilities()).toEqual({
    logging: {},
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
  })
  expect((await client.listPrompts()).prompts).toHaveLength(2)
  expect((await client.listResources()).resources).toHaveLength(1)
  expect((await client.readResource({ uri: 'book://9' })).contents).toMatchObject([
    { text: 'Book 9' },
  ])
  const completed = await client.complete({
    ref: { type: 'ref/resource', uri: 'book://{isbn}' },
    argument: { name: 'isbn', value: '' },
  })
  expect(completed.completion.values).toEqual(['1', '2'])
  await client.close()
})
