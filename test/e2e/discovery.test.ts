/**
 * Servers nobody registered, and servers that are rebuilt (DESIGN §2): found when
 * asked for, described once, and never called on definitions that no longer hold.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEV, readTrust } from '../../scripts/gen/trust.ts'
import { describedBy } from './_hostile.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, LEGACY, modern, MODERN, send, type Got, type Wire } from './_wire.ts'

/**
 * A real engine twice: `/deploy` puts the second build in place of the first, as
 * a deploy does; `/ran` tells which handlers ran, `/described` how often it was
 * asked what it is.
 */
const redeployable = (name: string): string => `
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { serve } from '#shared/engine/serve.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { definitionsOf } from '#shared/engine/author/definitions.ts'
import { defineServer } from '#shared/engine/author/server.ts'

const trust = ${JSON.stringify(readTrust(DEV))}
const ran = []
let described = 0
const tool = (text, options = {}) =>
  defineTool({ description: text, ...options, handler: () => { ran.push(text); return text } })
const BUILDS = [
  { build: '1', policy: { visibility: 'public' }, tools: {
    greet: tool('greets, first build'), gone: tool('goes away'), guarded: tool('unguarded'),
  } },
  { build: '2', policy: { visibility: 'private' }, tools: {
    greet: tool('greets, second build'), fresh: tool('is new'),
    guarded: tool('guarded', { scopes: ['tools:write'] }),
  } },
]
async function start({ build, policy, tools }) {
  const server = defineServer({ tools })
  const definitions = definitionsOf(server, ${JSON.stringify(name)})
  const digest = await definitionsDigest(definitions)
  const definitionsJson = JSON.stringify(definitions)
  return serve(server, { name: ${JSON.stringify(name)}, build, digest, definitionsJson, trust, policy })
}
let running
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    if (pathname === '/ran') return Response.json(ran)
    if (pathname === '/described') return Response.json(described)
    if (pathname === '/deploy') running = start(BUILDS[1])
    running ??= start(BUILDS[0])
    if (pathname === '/deploy') return new Response(null)
    if (request.headers.get('mcp-method') === 'server/discover') described += 1
    return (await running).fetch(request, env, ctx)
  },
}`

/** Answers nothing the platform could publish, and counts how often it was asked. */
const unknowable = describedBy(`
  globalThis.asked = (globalThis.asked ?? 0) + 1
  return new Response('{}', { headers: JSON_TYPE })`).replace(
  'async fetch(request) {',
  `async fetch(request) {
    if (request.method === 'GET') return Response.json(globalThis.asked ?? 0)`,
)

const REDEPLOYED = [
  'redeployed-modern',
  'redeployed-legacy',
  'redeployed-gone',
  'redeployed-guarded',
]

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({
    authorServers: ['test/servers/trouble'],
    extraServers: {
      unknowable,
      popular: redeployable('popular'),
      ...Object.fromEntries(REDEPLOYED.map((name) => [name, redeployable(name)])),
    },
  })
})
afterAll(() => platform.close())

const ERAS = [
  { era: MODERN, make: modern },
  { era: LEGACY, make: legacy },
] as const

const post = (server: string, wire: Wire): Promise<Got> =>
  send(platform.origin, { path: `/${server}/mcp`, ...wire })
const call = (server: string, name: string, make = modern): Promise<Got> =>
  post(server, make('tools/call', { name }))
const textOf = ({ message }: Got): string => message.result?.content?.[0]?.text ?? ''
const toolsOf = async (server: string, make = modern): Promise<string[]> =>
  (await post(server, make('tools/list'))).message.result?.tools?.map(({ name }) => name) ?? []
const control = async (server: string, path: string): Promise<unknown> => {
  const answer = await platform.worker(server).fetch(`https://control${path}`)
  const text = await answer.text()
  return text === '' ? undefined : JSON.parse(text)
}

describe('a server nobody registered', () => {
  test.each(ERAS)(
    'is callable by the first request there ever was, $era',
    async ({ make, era }) => {
      // Each of the two servers is asked for here for the first time.
      const server = era === MODERN ? 'clock' : 'trouble'
      const name = era === MODERN ? 'now' : 'recorded'
      const token = await mintToken(platform.mcpUrl(server))
      const got = await post(server, make('tools/call', { name }, { token }))
      expect(got.status).toBe(200)
      expect(got.message.result?.structuredContent).toBeDefined()
    },
  )

  test('twenty first requests at once describe it once, and all are answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? call('popular', 'greet') : call('popular', 'greet', legacy),
      ),
    )
    expect(answers.map(textOf)).toEqual(Array(20).fill('greets, first build'))
    expect(await control('popular', '/described')).toBe(1)
  })

  test('is on the home page when its policy file says public, and not otherwise', async () => {
    const home = await send(platform.origin, { method: 'GET', path: '/' })
    expect(home.text).toContain(`${platform.origin}/popular/mcp`)
    expect(home.text).not.toContain('trouble')
  })
})

test('a name that answers nothing usable costs one look, whoever asks how often', async () => {
  const token = await mintToken(platform.mcpUrl('unknowable'))
  for (let times = 0; times < 5; times++) {
    expect((await post('unknowable', modern('tools/list'))).status).toBe(401)
    expect((await post('unknowable', modern('tools/list', {}, { token }))).status).toBe(404)
    expect((await post('unknowable', legacy('tools/list', {}, { token }))).status).toBe(404)
  }
  expect(await control('unknowable', '/')).toBe(1)
})

describe('a server that was rebuilt with other definitions', () => {
  test.each([
    { make: modern, server: 'redeployed-modern' },
    { make: legacy, server: 'redeployed-legacy' },
  ])(
    'runs no handler on the old ones, and answers by the new: $server',
    async ({ make, server }) => {
      expect(textOf(await call(server, 'greet', make))).toBe('greets, first build')
      expect(await toolsOf(server, make)).toEqual(['greet', 'gone', 'guarded'])
      await control(server, '/deploy')
      expect(textOf(await call(server, 'greet', make))).toBe('greets, second build')
      expect(await control(server, '/ran')).toEqual(['greets, first build', 'greets, second build'])
      expect(await toolsOf(server, make)).toEqual(['greet', 'fresh', 'guarded'])
      expect(textOf(await call(server, 'fresh', make))).toBe('is new')
      expect(await control(server, '/described')).toBeLessThanOrEqual(3)
    },
  )

  test('a tool that is gone is unknown at the first call', async () => {
    expect(textOf(await call('redeployed-gone', 'gone'))).toBe('goes away')
    await control('redeployed-gone', '/deploy')
    const { message } = await call('redeployed-gone', 'gone')
    expect(message.error).toMatchObject({ code: -32602, message: 'Unknown tool: gone' })
    expect(await control('redeployed-gone', '/ran')).toEqual(['goes away'])
  })

  test('a tool that needs a scope now needs it at the first call: decided again', async () => {
    expect(textOf(await call('redeployed-guarded', 'guarded'))).toBe('unguarded')
    await control('redeployed-guarded', '/deploy')
    expect((await call('redeployed-guarded', 'guarded')).status).toBe(401)
    const token = await mintToken(platform.mcpUrl('redeployed-guarded'))
    const got = await post(
      'redeployed-guarded',
      modern('tools/call', { name: 'guarded' }, { token }),
    )
    expect(got.status).toBe(403)
    expect(got.headers['www-authenticate']).toContain('scope="tools:write"')
    expect(await control('redeployed-guarded', '/ran')).toEqual(['unguarded'])
    const scoped = await mintToken(platform.mcpUrl('redeployed-guarded'), { scope: 'tools:write' })
    const wire = modern('tools/call', { name: 'guarded' }, { token: scoped })
    expect(textOf(await post('redeployed-guarded', wire))).toBe('guarded')
  })

  test('keeps the policy it had: its policy file counts at first sight only', async () => {
    // The second build's file says private; without a token it still answers.
    expect(textOf(await call('redeployed-gone', 'greet'))).toBe('greets, second build')
  })
})
