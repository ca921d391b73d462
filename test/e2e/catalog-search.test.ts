/** Search, evaluation and the public registry, over the real Workers. */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf, type Operator } from './_catalog.ts'
import { grayServer } from './_gray.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { modern, send } from './_wire.ts'

let platform: Platform
let operator: Operator

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: {
      mail: grayServer(
        'mail',
        `[{ policy: { visibility: 'public' }, tools: { send_mail: tool('Send a message to somebody'), inbox: tool('Show new messages') } }]`,
      ),
      jotter: grayServer(
        'jotter',
        `[{ tools: { jot: tool('Write something down'), purge: tool('Delete every note with a tag') } }]`,
      ),
    },
  })
  operator = await operatorOf(platform)
  for (const name of ['mail', 'jotter']) {
    const token = await mintToken(platform.mcpUrl(name))
    await send(platform.origin, { path: `/${name}/mcp`, ...modern('tools/list', {}, { token }) })
  }
})
afterAll(() => platform.close())

interface Hit {
  server: string
  tool: string
  url: string
}
async function search(query: string, claims: object = {}): Promise<Hit[]> {
  const token = await mintToken(new URL('/catalog', platform.origin), claims)
  const url = new URL(`/catalog/search?q=${encodeURIComponent(query)}`, platform.origin)
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { tools: Hit[] }).tools
}

describe('GET /catalog/search', () => {
  test('finds by the words of a task, with the URL to connect to', async () => {
    const [best] = await search('please delete all my notes about work')
    expect(best).toMatchObject({
      server: 'jotter',
      tool: 'purge',
      url: platform.mcpUrl('jotter').href,
    })
  })

  test('shows another tenant only what is public', async () => {
    const hits = await search('delete note, send message', { tenant: 'acme' })
    expect(new Set(hits.map(({ server }) => server))).toEqual(new Set(['mail']))
  })

  test('finds new words as soon as they are in force', async () => {
    await operator.do('PATCH', '/servers/jotter/tuning', {
      patch: {
        tools: { jot: { description: 'Memorise a thought' } },
        aliases: { remember: 'jot' },
      },
    })
    for (const query of ['memorize', 'remember']) {
      await expect
        .poll(async () => (await search(query))[0]?.tool, { timeout: paced(7_000), interval: 250 })
        .toBe('jot')
    }
  })

  test('is for who is signed in, and wants words, and a limit that is one', async () => {
    const url = new URL('/catalog/search', platform.origin)
    expect((await fetch(`${url.href}?q=a`)).status).toBe(401)
    const token = await mintToken(new URL('/catalog', platform.origin))
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(url, { headers })).status).toBe(400)
    expect((await fetch(`${url.href}?q=a&limit=none`, { headers })).status).toBe(400)
  })
})

test('an evaluation compares revisions, and is for operators', async () => {
  const pairs = [{ task: 'put this thought on paper', server: 'jotter', tool: 'jot' }]
  await operator.do('POST', '/servers/jotter/canary', {
    percent: 10,
    tuning: { tools: { jot: { description: 'Put a thought on paper' } } },
  })
  const body = { pairs, server: 'jotter', revisions: ['live', 'canary'] }
  const { revisions } = await operator.do('POST', '/eval', body)
  expect(revisions).toMatchObject([
    { revision: 'live', tasks: 1 },
    { revision: 'canary', at1: 1, at5: 1, missed: [] },
  ])
  expect((await operator.ask('POST', '/eval', { ...body, revisions: ['nope'] })).status).toBe(400)
  expect((await operator.ask('POST', '/eval', { pairs: [] })).status).toBe(400)
  const user = await operatorOf(platform, { sub: 'somebody', scope: '' })
  expect((await user.ask('POST', '/eval', body)).status).toBe(403)
})

describe('GET /v0.1/servers', () => {
  const get = async (path: string) => {
    const answer = await fetch(new URL(`/v0.1${path}`, platform.origin))
    // oxlint-disable-next-line typescript/no-explicit-any -- each answer has another shape
    return { status: answer.status, body: (await answer.json()) as any }
  }

  test('lists public servers to strangers, as the official registry would', async () => {
    const { status, body } = await get('/servers')
    expect(status).toBe(200)
    expect(body.metadata.count).toBe(body.servers.length)
    const names = body.servers.map(({ server }: { server: { name: string } }) => server.name)
    expect(names).toContain('localhost/mail')
    expect(names).not.toContain('localhost/jotter')
    const mail = body.servers.find(
      ({ server }: { server: { name: string } }) => server.name === 'localhost/mail',
    )
    expect(mail).toMatchObject({
      server: {
        version: '1.0.0',
        remotes: [{ type: 'streamable-http', url: platform.mcpUrl('mail').href }],
      },
      _meta: { 'io.modelcontextprotocol.registry/official': { status: 'active', isLatest: true } },
    })
  })

  test('pages, searches, and tells one server and its versions', async () => {
    const { body } = await get('/servers?limit=1')
    expect(body.servers).toHaveLength(1)
    const next = await get(`/servers?limit=1&cursor=${body.metadata.nextCursor ?? 'zzz'}`)
    expect(next.body.servers[0]?.server.name).not.toBe(body.servers[0].server.name)
    expect((await get('/servers?search=MAI')).body.servers).toHaveLength(1)
    expect((await get('/servers?updated_since=2999-01-01T00:00:00Z')).body.servers).toEqual([])
    expect((await get('/servers/localhost%2Fmail/versions')).body.servers).toHaveLength(1)
    expect((await get('/servers/localhost%2Fmail/versions/latest')).body.server.name).toBe(
      'localhost/mail',
    )
    expect((await get('/servers/localhost%2Fjotter/versions/latest')).status).toBe(404)
    expect((await get('/servers/localhost%2Fmail/versions/9.9.9')).status).toBe(404)
    expect((await get('/servers?limit=none')).status).toBe(400)
  })
})
