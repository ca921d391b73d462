/** `subscriptions/listen` on the wire (2026-07-28 basic/patterns/subscriptions). */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  LISTENERS_PER_PRINCIPAL_MAX,
  TOPICS_PER_LISTENER_MAX,
} from '#shared/contracts/hub-limits.ts'
import { EVERYONE } from '#shared/contracts/hub-topics.ts'
import { operatorOf } from './_catalog.ts'
import { callTool, changeCatalog, listen, publishTo, type OpenStream } from './_listen.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'

let platform: Platform
let url: URL
/** Its token counts when it opens, and not for long: looked at when the other tests are done. */
let expiring: OpenStream
const EXPIRES_SECONDS = 12
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/bulletin', 'test/servers/vault'] })
  url = platform.mcpUrl('bulletin')
  await announce('tools')
  const exp = Math.floor(Date.now() / 1000) + EXPIRES_SECONDS
  const token = await mintToken(url, { sub: 'expiring', exp })
  expiring = await listen(url, { toolsListChanged: true }, { token })
})
afterAll(() => platform.close())

const TAG = { 'io.modelcontextprotocol/subscriptionId': 'listen-1' }
const ACK = 'notifications/subscriptions/acknowledged'

const acknowledged = async (stream: OpenStream): Promise<unknown> => {
  await expect.poll(() => stream.methods()).toContain(ACK)
  return stream.messages[0]?.params?.['notifications']
}

const announce = (list: string, token?: string) => callTool(url, 'announce', { list }, token)
const post = (uri: string, to: string | undefined, token?: string) =>
  callTool(url, 'post', { uri, ...(to === undefined ? {} : { to }) }, token)

test('says first what it honours, then only that, each with the id of the request', async () => {
  const stream = await listen(url, { toolsListChanged: true, promptsListChanged: false })
  expect(stream.status).toBe(200)
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.headers.get('x-accel-buffering')).toBe('no')
  expect(stream.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await acknowledged(stream)).toEqual({ toolsListChanged: true })
  await announce('prompts')
  await announce('tools')
  await expect.poll(() => stream.messages).toHaveLength(2)
  expect(stream.messages).toEqual([
    {
      jsonrpc: '2.0',
      method: ACK,
      params: { notifications: { toolsListChanged: true }, _meta: TAG },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: TAG } },
  ])
  expect(stream.ids).toEqual([])
  stream.close()
})

test('tags with the very id, number or text, of several streams of one client', async () => {
  const streams = await Promise.all(
    [7, '7'].map((id) => listen(url, { promptsListChanged: true }, { id })),
  )
  await Promise.all(streams.map(acknowledged))
  await announce('prompts')
  for (const [index, id] of [7, '7'].entries()) {
    const { messages } = streams[index] as OpenStream
    await expect.poll(() => messages).toHaveLength(2)
    for (const { params } of messages) {
      expect(params?.['_meta']).toEqual({ 'io.modelcontextprotocol/subscriptionId': id })
    }
  }
  for (const stream of streams) stream.close()
})

test('honours what the server has and the caller may read, within bounds, and no unknown key', async () => {
  const many = Array.from({ length: TOPICS_PER_LISTENER_MAX + 5 }, (_, n) => `note://${n}`)
  const stream = await listen(url, {
    resourceSubscriptions: ['nothing://here', 'ledger://1999', 'note://1', 'note://1', ...many],
    taskIds: ['not-declared'],
    weatherChanged: true,
  })
  const { resourceSubscriptions, ...rest } = (await acknowledged(stream)) as {
    resourceSubscriptions: string[]
  }
  expect(rest).toEqual({})
  expect(resourceSubscriptions[0]).toBe('note://1')
  expect(resourceSubscriptions).not.toContain('ledger://1999')
  expect(resourceSubscriptions.length).toBeLessThanOrEqual(TOPICS_PER_LISTENER_MAX)
  stream.close()
  const clock = platform.mcpUrl('clock')
  const filter = { promptsListChanged: true, toolsListChanged: true, taskIds: ['unknown'] }
  const ofTools = await listen(clock, filter, { token: await mintToken(clock) })
  expect(await acknowledged(ofTools)).toEqual({ toolsListChanged: true })
  ofTools.close()
})

test('a changed resource is told to who follows it, of the caller alone unless the author says more', async () => {
  const token = (sub: string, tenant = 'default') => mintToken(url, { sub, tenant })
  const [alice, bob, stranger] = [
    await token('alice'),
    await token('bob'),
    await token('x', 'other'),
  ]
  const follow = (token?: string) =>
    listen(url, { resourceSubscriptions: ['note://9'] }, token === undefined ? {} : { token })
  const [ofAlice, ofBob, ofStranger, ofNobody] = await Promise.all([
    follow(alice),
    follow(bob),
    follow(stranger),
    follow(),
  ])
  const streams = [ofAlice, ofBob, ofStranger, ofNobody]
  await Promise.all(streams.map(acknowledged))
  await post('note://9', undefined, alice)
  await post('note://8', 'everyone', alice)
  await post('note://9', 'tenant', alice)
  await post('note://9', 'everyone', alice)
  const UPDATED = 'notifications/resources/updated'
  await expect.poll(() => ofStranger?.methods()).toEqual([ACK, UPDATED])
  await expect.poll(() => ofAlice?.methods()).toEqual([ACK, UPDATED, UPDATED, UPDATED])
  // A stranger of the tenant `default` is one of it, and nobody's client.
  await expect.poll(() => ofBob?.methods()).toEqual([ACK, UPDATED, UPDATED])
  await expect.poll(() => ofNobody?.methods()).toEqual([ACK, UPDATED, UPDATED])
  expect(ofAlice?.messages[1]?.params).toEqual({ uri: 'note://9', _meta: TAG })
  for (const stream of streams) stream.close()
})

test('a filter that is none is -32602; a stream needs one', async () => {
  for (const filter of [
    undefined,
    'all',
    { toolsListChanged: 'yes' },
    { resourceSubscriptions: [1] },
  ]) {
    const refused = await listen(url, filter)
    expect(refused.status).toBe(200)
    expect(refused.headers.get('content-type')).toBe('application/json')
    await refused.ended
    expect(JSON.parse(refused.text())).toMatchObject({ id: 'listen-1', error: { code: -32602 } })
  }
})

test('a server that is hidden from the caller answers as if it were not there', async () => {
  const vault = platform.mcpUrl('vault')
  expect((await listen(vault, { toolsListChanged: true })).status).toBe(401)
  const token = await mintToken(vault, { tenant: 'other' })
  expect((await listen(vault, { toolsListChanged: true }, { token })).status).toBe(404)
})

test('a stream ends with its token’s grant: nothing is told after the revocation', async () => {
  const gid = 'grant-of-the-listener'
  const stream = await listen(
    url,
    { toolsListChanged: true },
    { token: await mintToken(url, { gid }) },
  )
  await acknowledged(stream)
  const router = (await platform.worker('mcp-edge-router').getEnv()) as {
    FEED: DurableObjectNamespace
  }
  const feed = router.FEED.getByName('feed') as unknown as {
    revokeGrant(id: string, untilSeconds: number): Promise<void>
  }
  await feed.revokeGrant(gid, Math.floor(Date.now() / 1000) + 3600)
  await expect
    .poll(
      async () => {
        await announce('tools')
        return stream.methods().at(-1)
      },
      { timeout: paced(10_000), interval: 1_000 },
    )
    .toBe('result')
  await stream.ended
  expect(stream.messages.at(-1)).toMatchObject({
    id: 'listen-1',
    result: { resultType: 'complete', _meta: TAG },
  })
})

test('one principal has so many streams at most; another one’s are not counted', async () => {
  const token = await mintToken(url, { sub: 'greedy' })
  const open = () => listen(url, { toolsListChanged: true }, { token })
  const streams = await Promise.all(
    Array.from({ length: LISTENERS_PER_PRINCIPAL_MAX }, () => open()),
  )
  expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200))
  const refused = await open()
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('30')
  await refused.ended
  expect(JSON.parse(refused.text())).toMatchObject({ id: 'listen-1', error: { code: -32000 } })
  const other = await listen(url, {}, { token: await mintToken(url, { sub: 'modest' }) })
  expect(other.status).toBe(200)
  other.close()
  for (const stream of streams) stream.close()
})

test('a server nobody listens to keeps nothing when its tools tell (DESIGN §4.2)', async () => {
  const said = await publishTo(platform, 'conformance', {
    frame: { kind: 'tools' },
    audience: EVERYONE,
  })
  expect(said).toBe(false)
})

test('what the caller may no longer read is not told, though they asked when they might', async () => {
  const stream = await listen(url, {
    resourceSubscriptions: ['note://1'],
    toolsListChanged: true,
  })
  await acknowledged(stream)
  const tell = (uri: string) =>
    publishTo(platform, 'bulletin', { frame: { kind: 'resource', uri }, audience: EVERYONE })
  await tell('note://1')
  await expect.poll(() => stream.methods()).toHaveLength(2)
  await changeCatalog(platform, 'bulletin', ({ tools, resourceTemplates = [], ...rest }) => ({
    ...rest,
    tools: tools.slice(1),
    resourceTemplates: resourceTemplates.map((template) => ({ ...template, scopes: ['audit'] })),
  }))
  await expect.poll(() => stream.methods().at(-1), { timeout: paced(4_000) }).toMatch(/tools/)
  await tell('note://1')
  await publishTo(platform, 'bulletin', { frame: { kind: 'tools' }, audience: EVERYONE })
  await expect.poll(() => stream.methods().filter((method) => /tools/.test(method))).toHaveLength(2)
  expect(stream.methods().filter((method) => /updated/.test(method))).toHaveLength(1)
  stream.close()
})

test('a stream ends with its token: nothing is told after it has expired', async () => {
  expect(expiring.status).toBe(200)
  await expect
    .poll(
      async () => {
        await publishTo(platform, 'bulletin', { frame: { kind: 'tools' }, audience: EVERYONE })
        return expiring.methods().at(-1)
      },
      { timeout: paced(14_000), interval: 1_000 },
    )
    .toBe('result')
  await expiring.ended
})

test('a stream ends when policy hides the server from who listens', async () => {
  const streams = await Promise.all(
    [undefined, await mintToken(url)].map((token) =>
      listen(url, { toolsListChanged: true }, token === undefined ? {} : { token }),
    ),
  )
  for (const stream of streams) await acknowledged(stream)
  const operator = await operatorOf(platform)
  const policy = { visibility: 'private', tenants: ['acme'] }
  await operator.do('PATCH', '/servers/bulletin/policy', policy)
  for (const stream of streams) {
    await expect.poll(() => stream.methods().at(-1), { timeout: paced(7_000) }).toBe('result')
  }
})
