/** The GET stream and `resources/subscribe` of the 2025 era on the wire, and two routers over one set of objects. */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOPICS_PER_LISTENER_MAX } from '#shared/contracts/hub-limits.ts'
import type { Rpc, Subscriptions } from '#shared/contracts/entrypoints.ts'
import { callTool, listen, openStream, type OpenStream } from './_listen.ts'
import { SECOND_ROUTER, startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'

let platform: Platform
let url: URL
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/bulletin'], secondRouter: true })
  url = platform.mcpUrl('bulletin')
})
afterAll(() => platform.close())

interface Session {
  readonly headers: Record<string, string>
  /** Status, and the message if there is one. */
  post(method: string, params?: object): Promise<{ status: number; message: Answer | undefined }>
  listen(lastEventId?: string): Promise<OpenStream>
  end(): Promise<number>
}
interface Answer {
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

async function startSession(token?: string, protocolVersion = '2025-11-25'): Promise<Session> {
  const headers: Record<string, string> = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const post = (method: string, params: object = {}) =>
    fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
  const clientInfo = { name: 'test', version: '1' }
  const begun = await post('initialize', { protocolVersion, capabilities: {}, clientInfo })
  headers['mcp-session-id'] = begun.headers.get('mcp-session-id') ?? ''
  headers['mcp-protocol-version'] = protocolVersion
  await begun.text()
  return {
    headers,
    async post(method, params) {
      const response = await post(method, params)
      const text = await response.text()
      return { status: response.status, message: text ? (JSON.parse(text) as Answer) : undefined }
    },
    listen: (lastEventId) =>
      openStream(url, {
        headers: { ...headers, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
      }),
    end: async () => (await fetch(url, { method: 'DELETE', headers })).status,
  }
}

const UPDATED = 'notifications/resources/updated'
const TOOLS = 'notifications/tools/list_changed'
const told = (stream: OpenStream) => expect.poll(() => stream.methods(), { timeout: 5_000 })
const post = (uri: string, to = 'everyone', token?: string) =>
  callTool(url, 'post', { uri, to }, token)
const announce = (list: string) => callTool(url, 'announce', { list, to: 'everyone' })

test('without a session there is no stream: 405; of a session that is none: 404', async () => {
  const accept = { accept: 'text/event-stream' }
  const none = await fetch(url, { headers: accept })
  expect([none.status, none.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  const forged = await fetch(url, { headers: { ...accept, 'mcp-session-id': 'forged' } })
  expect(forged.status).toBe(404)
  const session = await startSession()
  expect(await session.end()).toBe(200)
  expect((await session.listen()).status).toBe(404)
})

test('begins with a priming event since 2025-11-25, and with none before (SEP-1699)', async () => {
  const newer = await (await startSession()).listen()
  await expect.poll(() => newer.text()).toMatch(/^id: hub_[^\n]+\ndata: \n\n/)
  const older = await (await startSession(undefined, '2025-06-18')).listen()
  await expect.poll(() => older.text()).toBe(': keepalive\n\n')
  newer.close()
  older.close()
})

test('a session hears of what it subscribed to, from the answer on and until it unsubscribes', async () => {
  const session = await startSession()
  const stream = await session.listen()
  await post('note://1')
  expect(await session.post('resources/subscribe', { uri: 'note://1' })).toMatchObject({
    status: 200,
    message: { result: {} },
  })
  await post('note://1')
  await post('note://2')
  await told(stream).toEqual([UPDATED])
  expect(stream.messages[0]).toEqual({
    jsonrpc: '2.0',
    method: UPDATED,
    params: { uri: 'note://1' },
  })
  await session.post('resources/unsubscribe', { uri: 'note://1' })
  await post('note://1')
  await announce('tools')
  await told(stream).toEqual([UPDATED, TOOLS])
  stream.close()
})

test('a subscription outlives the stream: who comes back is told of what came meanwhile, once', async () => {
  const session = await startSession()
  await session.post('resources/subscribe', { uri: 'note://1' })
  const first = await session.listen()
  await post('note://1')
  await told(first).toEqual([UPDATED])
  first.close()
  await post('note://1')
  const second = await session.listen(first.ids.at(-1))
  await told(second).toEqual([UPDATED])
  await announce('tools')
  await told(second).toEqual([UPDATED, TOOLS])
  const third = await session.listen(second.ids.at(-1))
  // One stream a session: the newer one has it.
  await second.ended
  await post('note://1')
  await told(third).toEqual([UPDATED])
  third.close()
})

test('a subscription to what is not there is -32002, to what needs a scope 403, beyond the bound -32602', async () => {
  const session = await startSession(await mintToken(url))
  const subscribe = (uri: unknown) => session.post('resources/subscribe', { uri })
  expect((await subscribe('nothing://here')).message?.error).toMatchObject({
    code: -32002,
    data: { uri: 'nothing://here' },
  })
  expect((await subscribe('ledger://1999')).status).toBe(403)
  expect((await subscribe(7)).message?.error?.code).toBe(-32602)
  for (let n = 0; n < TOPICS_PER_LISTENER_MAX; n++) await subscribe(`note://${n}`)
  expect((await subscribe('note://more')).message?.error?.code).toBe(-32602)
  expect((await subscribe('note://1')).message?.result).toEqual({})
})

test('another principal neither takes over the stream nor hears what is not theirs', async () => {
  const [alice, bob] = [
    await mintToken(url, { sub: 'alice' }),
    await mintToken(url, { sub: 'bob' }),
  ]
  const [ofAlice, ofBob] = [await startSession(alice), await startSession(bob)]
  for (const session of [ofAlice, ofBob]) {
    await session.post('resources/subscribe', { uri: 'note://1' })
  }
  const [aliceHears, bobHears] = [await ofAlice.listen(), await ofBob.listen()]
  await post('note://1', 'caller', alice)
  await announce('tools')
  await told(aliceHears).toEqual([UPDATED, TOOLS])
  await told(bobHears).toEqual([TOOLS])
  aliceHears.close()
  bobHears.close()
})

test('the stream of a session that was deleted ends', async () => {
  const session = await startSession()
  await session.post('resources/subscribe', { uri: 'note://1' })
  const stream = await session.listen()
  let ended = false
  void stream.ended.then(() => (ended = true))
  expect(await session.end()).toBe(200)
  await expect
    .poll(
      async () => {
        await announce('tools')
        return ended
      },
      { timeout: paced(10_000), interval: 500 },
    )
    .toBe(true)
})

test('what a deleted session followed is forgotten with it', async () => {
  const { SUBSCRIPTIONS } = (await platform.worker('mcp-edge-router').getEnv()) as {
    SUBSCRIPTIONS: DurableObjectNamespace
  }
  const followed = async (): Promise<string[]> => {
    const objects = platform.worker('mcp-edge-objects')
    const ids = await objects.listDurableObjectIds('SubscriptionsObject')
    const all = ids.map((id) => {
      const stub = SUBSCRIPTIONS.get(SUBSCRIPTIONS.idFromString(id))
      return (stub as unknown as Rpc<Subscriptions>).read()
    })
    return (await Promise.all(all)).flatMap(({ uris }) => uris)
  }
  const session = await startSession()
  await session.post('resources/subscribe', { uri: 'note://goodbye' })
  expect(await followed()).toContain('note://goodbye')
  expect(await session.end()).toBe(200)
  expect(await followed()).not.toContain('note://goodbye')
})

test('two routers over one set of objects: each hears what comes through the other', async () => {
  const second = platform.worker(SECOND_ROUTER)
  const throughSecond = ((input: URL, init?: RequestInit) =>
    second.fetch(input.href, init as never)) as unknown as typeof fetch
  const session = await startSession()
  const stream = await session.listen()
  const modern = await listen(url, { resourceSubscriptions: ['note://1'], toolsListChanged: true })
  await told(modern).toEqual(['notifications/subscriptions/acknowledged'])
  // The session is known there, and what it subscribes to there counts here.
  const subscribed = await throughSecond(url, {
    method: 'POST',
    headers: session.headers,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 2,
      method: 'resources/subscribe',
      params: { uri: 'note://1' },
    }),
  })
  expect(await subscribed.json()).toMatchObject({ result: {} })
  await callTool(url, 'post', { uri: 'note://1', to: 'everyone' }, undefined, throughSecond)
  await callTool(url, 'announce', { list: 'tools' }, undefined, throughSecond)
  await told(stream).toEqual([UPDATED, TOOLS])
  await told(modern).toEqual(['notifications/subscriptions/acknowledged', UPDATED, TOOLS])
  stream.close()
  modern.close()
})
