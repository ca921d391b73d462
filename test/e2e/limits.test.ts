/** Bounds that callers and tools run into: each ends in an answer, and the platform goes on (DESIGN §3, §4.6). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LegacyClient } from './_legacy-client.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, messagesOf, modern, modernMeta, MODERN, send, type Got } from './_wire.ts'

const ROUNDS_MAX = 8
const PREFLIGHT_HEADERS_MAX = 32

let platform: Platform
let token: string

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  token = await mintToken(platform.mcpUrl('trouble'))
})
afterAll(() => platform.close())

const call = (params: Record<string, unknown>): Promise<Got> =>
  send(platform.origin, { path: '/trouble/mcp', ...modern('tools/call', params, { token }) })

test('a tool that asks for ever is stopped after 8 rounds', async () => {
  const canAsk = { _meta: modernMeta(MODERN, { elicitation: {} }) }
  const accept = { action: 'accept', content: { text: 'again' } }
  let retry: Record<string, unknown> = {}
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { message } = await call({ ...canAsk, name: 'asks-for-ever', ...retry })
    expect(Object.keys(message.result?.['inputRequests'] as object)).toEqual([`question-${round}`])
    retry = {
      requestState: message.result?.['requestState'],
      inputResponses: { [`question-${round}`]: accept },
    }
  }
  const { message } = await call({ ...canAsk, name: 'asks-for-ever', ...retry })
  expect(message.error).toMatchObject({ code: -32602, message: expect.stringContaining('8 times') })
})

test('nor does a 2025 client see a ninth question', async () => {
  const client = await LegacyClient.open(platform.mcpUrl('trouble'), {
    token,
    capabilities: { elicitation: {} },
  })
  const stream = await client.callTool('asks-for-ever')
  await stream.next()
  const result = { action: 'accept', content: { text: 'again' } }
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { message } = (await stream.next()) ?? {}
    expect(message?.params?.['message']).toBe(`Question ${round}?`)
    expect((await client.post({ id: message?.id, result })).status).toBe(202)
  }
  const last = (await stream.next())?.message
  expect(last).toMatchObject({ id: 1, error: { message: expect.stringContaining('8 times') } })
  expect(await stream.next()).toBeUndefined()
})

test('a flood of progress loses reports, never the answer', async () => {
  for (const make of [modern, legacy]) {
    const meta = { ...(make === modern ? modernMeta() : {}), progressToken: 'p' }
    const wire = make('tools/call', { name: 'floods', _meta: meta }, { token })
    const { text } = await send(platform.origin, { path: '/trouble/mcp', ...wire })
    const messages = messagesOf(text)
    expect(messages.at(-1)?.result?.content).toMatchObject([{ text: 'arrived' }])
    expect(text.length).toBeLessThan(4 * 1024 * 1024)
  }
})

test('an id of a megabyte is echoed: it is the client’s own', async () => {
  const id = 'i'.repeat(1024 * 1024)
  const wire = modern('tools/list', {}, { token, id })
  const got = await send(platform.origin, { path: '/trouble/mcp', ...wire })
  expect(got.message.id).toBe(id)
})

test('an address of 8 000 characters is nothing: 404', async () => {
  const got = await send(platform.origin, {
    path: `/${'a'.repeat(8000)}/mcp`,
    ...modern('tools/list'),
  })
  expect(got.status).toBe(404)
})

test('a preflight echoes so many header names and no more', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `x-header-${index}`)
  const got = await send(platform.origin, {
    method: 'OPTIONS',
    path: '/trouble/mcp',
    headers: {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'POST',
      'access-control-request-headers': [...names, 'bad name', '<script>'].join(','),
    },
  })
  const echoed = String(got.headers['access-control-allow-headers']).split(', ')
  expect(echoed).toEqual(names.slice(0, PREFLIGHT_HEADERS_MAX))
})

test('two hundred names nobody serves, asked for at once, cost the others nothing', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `guess-${index}`)
  const [served, ...guessed] = await Promise.all([
    call({ name: 'record', arguments: { mark: 'meanwhile' } }),
    ...names.map((name) =>
      send(platform.origin, { path: `/${name}/mcp`, ...modern('tools/list') }),
    ),
  ])
  expect(served.status).toBe(200)
  expect(new Set(guessed.map(({ status }) => status))).toEqual(new Set([401]))
})
