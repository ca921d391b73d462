/**
 * What an operator does to the catalog, as callers of both eras see it (issue: live
 * tuning, review, gray release): through the admin API, end to end.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWNER_SUBJECT } from '#shared/identity/operators.ts'
import { makeProof, newProofKey } from '../_proofs.ts'
import { operatorOf, type Operator } from './_catalog.ts'
import { fetchNonce, useElsewhere } from './_dpop.ts'
import { grayServer } from './_gray.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { legacySdk, modernSdk, MemoryOAuthStore } from './_sdk.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send, type Got } from './_wire.ts'

const PUBLIC = `policy: { visibility: 'public' }`
const ERAS = [
  { era: 'modern', make: modern },
  { era: 'legacy', make: legacy },
] as const
const SDKS = [modernSdk, legacySdk]

let platform: Platform
let operator: Operator

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: {
      tuned: grayServer(
        'tuned',
        `[{ ${PUBLIC}, tools: { greet: tool('Greets'), other: tool('Another') } }]`,
      ),
      switched: grayServer(
        'switched',
        `[{ ${PUBLIC}, tools: { greet: tool('Greets'), other: tool('Another') } }]`,
      ),
      reviewed: grayServer(
        'reviewed',
        `[{ policy: { visibility: 'public', publish: 'review' }, tools: { greet: tool('Greets') } },
          { tools: { greet: tool('Greets you'), fresh: tool('Is new') } }]`,
      ),
      ruled: grayServer(
        'ruled',
        `[{ tools: { read: tool('Reads', { annotations: { readOnlyHint: true } }), write: tool('Writes') } }]`,
      ),
      gone: grayServer('gone', `[{ ${PUBLIC}, tools: { greet: tool('Greets') } }]`),
    },
  })
  operator = await operatorOf(platform)
})
afterAll(() => platform.close())

type Make = typeof modern
const post = (server: string, wire: ReturnType<Make>): Promise<Got> =>
  send(platform.origin, { path: `/${server}/mcp`, ...wire })
const call = (server: string, name: string, make: Make = modern, token?: string): Promise<Got> =>
  post(server, make('tools/call', { name }, token === undefined ? {} : { token }))
const textOf = ({ message }: Got): string => message.result?.content?.[0]?.text ?? ''

interface Shown {
  name: string
  description: string
}
async function toolsOf(server: string, make: Make = modern, token?: string): Promise<Shown[]> {
  const got = await post(server, make('tools/list', {}, token === undefined ? {} : { token }))
  return (got.message.result?.tools ?? []) as unknown as Shown[]
}
/** A list may come from a feed half a second old; after one, calls of this isolate see as much. */
const settled = <Value>(read: () => Promise<Value>, wanted: Value): Promise<void> =>
  expect.poll(read, { timeout: 5_000, interval: 50 }).toEqual(wanted)

describe('a description edited without a redeploy', () => {
  test('is what both eras list, and their calls run as before', async () => {
    await toolsOf('tuned')
    await operator.do('PATCH', '/servers/tuned/tuning', {
      patch: { tools: { greet: { description: 'Says hello', title: 'Hello' } } },
    })
    for (const { make } of ERAS) {
      await settled(async () => (await toolsOf('tuned', make))[0]?.description, 'Says hello')
      expect(textOf(await call('tuned', 'greet', make))).toBe('Greets')
    }
  })

  test('is what the official clients of both eras list after the Catalog was evicted', async () => {
    const { worker } = platform
    await worker('mcp-edge-objects').evictDurableObject('CatalogObject', { name: 'catalog' })
    for (const sdk of SDKS) {
      const client = await sdk.connect(platform.mcpUrl('tuned'), new MemoryOAuthStore())
      expect(await client.toolNames()).toEqual(['greet', 'other'])
      expect((await client.call('greet', {})).text).toBe('Greets')
      await client.close()
    }
  })

  test('by an alias reaches the tool under its own name, in both eras', async () => {
    await operator.do('PATCH', '/servers/tuned/tuning', {
      patch: { aliases: { salute: 'hail', hail: 'greet' } },
    })
    for (const { make } of ERAS) {
      await settled(async () => {
        await toolsOf('tuned', make)
        return textOf(await call('tuned', 'salute', make))
      }, 'Greets')
      expect((await toolsOf('tuned', make)).map(({ name }) => name)).toEqual(['greet', 'other'])
    }
  })

  test('is attributed, dated and taken back by its number', async () => {
    const { changes } = await operator.do('GET', '/history?server=tuned')
    const edit = changes.find(({ action }: { action: string }) => action === 'override')
    expect(edit.by).toMatch(/^\S{43}$/)
    expect(Date.now() - edit.atMs).toBeLessThan(60_000)
    await operator.do('POST', `/history/${edit.id}/revert`, { note: 'a test' })
    const server = await operator.do('GET', '/servers/tuned')
    expect(server.labels.live.tuning.aliases).toBeUndefined()
    expect(server.labels.live.tuning.tools.greet.description).toBe('Says hello')
  })

  test('cyclic aliases and texts without end are refused, and nothing changes', async () => {
    const before = await operator.do('GET', '/servers/tuned')
    for (const patch of [
      { aliases: { a: 'b', b: 'a' } },
      { tools: { greet: { description: 'x'.repeat(10_000) } } },
      { tools: { greet: { inputSchema: { type: 'string' } } } },
    ]) {
      const { status, body } = await operator.ask('PATCH', '/servers/tuned/tuning', { patch })
      expect([status, body.error]).toEqual([400, 'invalid'])
    }
    expect(await operator.do('GET', '/servers/tuned')).toEqual(before)
  })
})

describe('a tool turned off', () => {
  test('is neither listed nor known in either era, and back when it is turned on', async () => {
    await toolsOf('switched')
    await operator.do('POST', '/servers/switched/disable', { item: 'tool:greet' })
    for (const { make } of ERAS) {
      await settled(
        async () => (await toolsOf('switched', make)).map(({ name }) => name),
        ['other'],
      )
      const refused = await call('switched', 'greet', make)
      const unknown = await call('switched', 'nobody', make)
      expect(refused.message.error?.code).toBe(-32602)
      expect(refused.text.replaceAll('greet', 'nobody')).toBe(unknown.text)
    }
    await operator.do('POST', '/servers/switched/enable', { item: 'tool:greet' })
    await settled(async () => (await toolsOf('switched')).length, 2)
    expect(textOf(await call('switched', 'greet'))).toBe('Greets')
  })

  test('a server turned off answers like one that never was', async () => {
    await operator.do('POST', '/servers/switched/disable', {})
    const token = await mintToken(platform.mcpUrl('switched'))
    await settled(async () => (await post('switched', modern('tools/list'))).status, 401)
    expect((await call('switched', 'greet', modern, token)).status).toBe(404)
    const home = await send(platform.origin, { method: 'GET', path: '/' })
    expect(home.text).not.toContain('/switched/')
  })
})

describe('a server under review', () => {
  test('runs no handler of what was not approved, shows the difference, then the new', async () => {
    expect(textOf(await call('reviewed', 'greet'))).toBe('Greets')
    await platform.worker('reviewed').fetch('https://control/deploy')
    expect((await call('reviewed', 'greet')).status).toBe(503)
    expect((await toolsOf('reviewed')).map(({ description }) => description)).toEqual(['Greets'])

    const difference = await operator.do('GET', '/servers/reviewed/diff')
    expect(difference.added).toEqual([{ kind: 'tool', name: 'fresh' }])
    expect(difference.changed).toMatchObject([{ name: 'greet', drift: true, breaks: [] }])

    await operator.do('POST', '/servers/reviewed/approve', { note: 'read it' })
    await settled(
      async () => (await toolsOf('reviewed', legacy)).map(({ name }) => name),
      ['greet', 'fresh'],
    )
    expect(textOf(await call('reviewed', 'greet'))).toBe('Greets you')
  })

  test('is rolled back by one command, and stays so though the new code is still deployed', async () => {
    await operator.do('POST', '/servers/reviewed/rollback', {})
    await settled(async () => (await toolsOf('reviewed')).map(({ name }) => name), ['greet'])
    expect((await call('reviewed', 'greet')).status).toBe(503)
    const { labels, held } = await operator.do('GET', '/servers/reviewed')
    expect(held).toEqual([labels.previous.digest])
  })
})

describe('rules', () => {
  test('hide tools from a group in lists and calls of both eras alike', async () => {
    const url = platform.mcpUrl('ruled')
    const [staff, guest] = [
      await mintToken(url, { sub: 'staff', groups: ['staff'] }),
      await mintToken(url, { sub: 'guest' }),
    ]
    await toolsOf('ruled', modern, staff)
    await operator.do('PATCH', '/servers/ruled/policy', {
      rules: [
        { effect: 'allow', who: { groups: ['staff'] } },
        {
          effect: 'deny',
          what: { annotations: { readOnlyHint: false } },
          note: 'writing is for staff',
        },
      ],
    })
    for (const { make } of ERAS) {
      const names = async (token: string) =>
        (await toolsOf('ruled', make, token)).map(({ name }) => name)
      await settled(() => names(guest), ['read'])
      expect(await names(staff)).toEqual(['read', 'write'])
      expect(await names(guest)).toEqual(['read'])
      expect(textOf(await call('ruled', 'write', make, staff))).toBe('Writes')
      const hidden = await call('ruled', 'write', make, guest)
      const unknown = await call('ruled', 'nobody', make, guest)
      expect(hidden.text.replaceAll('write', 'nobody')).toBe(unknown.text)
    }
    const { answer, because } = await operator.do('POST', '/servers/ruled/can', {
      item: 'tool:write',
      principal: { subject: 'guest' },
    })
    expect(answer).toBe('hidden')
    expect(because.join(' ')).toContain('writing is for staff')
  })

  test.each([
    ['a rule of no known effect', { rules: [{ effect: 'maybe' }] }],
    ['a member nobody knows', { visibilty: 'public' }],
    ['a member of every object', { constructor: 1 }],
    ['more rules than anybody reads', { rules: Array(51).fill({ effect: 'allow' }) }],
    ['a visibility that is a switch', { visibility: 'off' }],
    ['no object', []],
  ])('refuse %s and change nothing', async (_, policy) => {
    const before = await operator.do('GET', '/servers/ruled')
    const { status, body } = await operator.ask('PATCH', '/servers/ruled/policy', policy)
    expect([status, body.error]).toEqual([400, 'invalid'])
    expect(await operator.do('GET', '/servers/ruled')).toEqual(before)
  })
})

test('a removed server leaves list and routes until it is asked for again', async () => {
  await toolsOf('gone')
  await operator.do('DELETE', '/servers/gone')
  const { servers } = await operator.do('GET', '/servers')
  expect(servers.map(({ name }: { name: string }) => name)).not.toContain('gone')
  expect((await operator.ask('GET', '/servers/gone')).status).toBe(404)
})

describe('the admin API', () => {
  test.each([
    ['without a token', undefined, 401],
    ['without the scope', { scope: '' }, 403],
    ['with the scope and no operator', { sub: 'somebody' }, 403],
  ])('refuses who comes %s', async (_, claims, status) => {
    const url = new URL('/catalog/servers', platform.origin)
    if (claims === undefined) {
      expect((await fetch(url)).status).toBe(status)
      return
    }
    const stranger = await operatorOf(platform, claims)
    expect((await stranger.ask('GET', '/servers')).status).toBe(status)
  })

  test("refuses a server's token: another audience", async () => {
    const token = await mintToken(platform.mcpUrl('tuned'), { scope: 'catalog:admin' })
    const url = new URL('/catalog/servers', platform.origin)
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain(
      '/.well-known/oauth-protected-resource/catalog"',
    )
  })

  test('refuses a token from the moment it is revoked', async () => {
    const gid = 'revoked-operator'
    const revoked = await operatorOf(platform, { gid })
    expect((await revoked.ask('GET', '/servers')).status).toBe(200)
    const { FEED } = (await platform.worker('mcp-edge-objects').getEnv()) as {
      FEED: DurableObjectNamespace
    }
    const feed = FEED.getByName('feed') as unknown as {
      revokeGrant(grantId: string, untilSeconds: number): Promise<void>
    }
    await feed.revokeGrant(gid, Math.floor(Date.now() / 1000) + 3_600)
    expect((await revoked.ask('GET', '/servers')).status).toBe(401)
  })

  test('takes each proof once, in whichever isolate (RFC 9449 §11.1)', async () => {
    const key = newProofKey()
    const resource = new URL('/catalog', platform.origin)
    const url = new URL('/catalog/servers', platform.origin)
    const claims = { sub: OWNER_SUBJECT, scope: 'catalog:admin', cnf: { jkt: key.jkt } }
    const accessToken = await mintToken(resource, claims)
    const nonce = await fetchNonce(platform)
    const newProof = () => makeProof(key, { method: 'GET', url, nonce, accessToken })
    const ask = (dpop: string) =>
      fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop } })
    expect((await ask(newProof())).status).toBe(200)
    const proof = newProof()
    await useElsewhere(platform, key, proof)
    const again = await ask(proof)
    expect(again.status).toBe(401)
    expect(again.headers.get('www-authenticate')).toContain('invalid_dpop_proof')
  })

  test('describes itself: every operation of the document is answered', async () => {
    const { paths } = await operator.do('GET', '/openapi.json')
    const documented = Object.keys(paths)
    const some = ['/servers/{name}/rollback', '/servers/{name}/refresh', '/eval', '/search']
    for (const path of some) expect(documented).toContain(`/catalog${path}`)
    expect(paths['/catalog/search'].get.security).toEqual([{ oauth: [] }])
    for (const [path, methods] of Object.entries<Record<string, unknown>>(paths)) {
      for (const method of Object.keys(methods)) {
        const url = path
          .slice('/catalog'.length)
          .replace('{name}', 'nobody')
          .replace(/\{\w+\}/, 'none')
        const { body } = await operator.ask(
          method.toUpperCase(),
          url,
          method === 'get' ? undefined : {},
        )
        expect(body.error).not.toBe('not_found')
      }
    }
  })

  test('says what is wrong with a canary of 130 %, an unknown revision, a change that never was', async () => {
    await toolsOf('tuned')
    const ask = async (path: string, body: unknown) => (await operator.ask('POST', path, body)).body
    expect(await ask('/servers/tuned/canary', { percent: 130 })).toMatchObject({ error: 'invalid' })
    expect(await ask('/servers/tuned/approve', { revision: 'nope' })).toMatchObject({
      error: 'unknown_revision',
    })
    expect(await ask('/history/999999/revert', {})).toMatchObject({ error: 'unknown_change' })
    expect(await ask('/servers/nobody/promote', {})).toMatchObject({ error: 'unknown_server' })
    expect(await ask('/servers/tuned/canary', { percent: 20 })).toMatchObject({ error: 'conflict' })
    for (const path of ['/history?before=yesterday', '/servers/tuned/usage?sinceMs=-1']) {
      expect((await operator.ask('GET', path)).body).toMatchObject({ error: 'invalid' })
    }
  })
})
