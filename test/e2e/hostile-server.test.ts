/**
 * Nothing a server sends is trusted (DESIGN §3.5, §4.9): what no engine sends is
 * refused with a reference or contained, and the platform goes on for the others.
 */
import { paced } from '../_pace.ts'
import { request as open } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { definitionsOf, describedBy, hostileServer, type Misdeed } from './_hostile.ts'
import { LegacyClient } from './_legacy-client.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, LEGACY, modern, MODERN, send, type Got } from './_wire.ts'

const STREAM_MAX_BYTES = 64 * 1024 * 1024
const BODY_MAX_BYTES = 16 * 1024 * 1024

let platform: Platform
/** Begun first and looked at last: each takes the whole time a server has. */
let slow: Promise<PromiseSettledResult<Got>[]>
let silent: Promise<PromiseSettledResult<Got>[]>
let forsaken: Promise<string | undefined>

const digestOf = async (tools: string[]) => ({
  digest: await definitionsDigest(definitionsOf(tools)),
  build: '1',
  definitions: definitionsOf(tools),
  policy: { visibility: 'public' },
})

/** Servers whose description nobody should believe: name → what they answer. */
async function impostors(): Promise<Record<string, string>> {
  const good = await digestOf(['tool'])
  const says = (description: unknown): string =>
    describedBy(`return describing(id, ${JSON.stringify(description)})`)
  const many = { ...good.definitions, instructions: 'x'.repeat(1024 * 1024) }
  return {
    'lies-about-digest': says({ ...good, digest: (await digestOf(['other'])).digest }),
    'has-no-tools-list': says({
      ...good,
      definitions: { serverInfo: { name: 'x', version: '1' } },
    }),
    'has-a-bad-tool-name': says(await digestOf(['rm -rf'])),
    'has-a-tool-twice': says(await digestOf(['a', 'a'])),
    'sets-unknown-policy': says({ ...good, policy: { visibility: 'everybody' } }),
    'is-huge': says({ ...good, digest: await definitionsDigest(many), definitions: many }),
    'is-deep': describedBy(`
      const deep = '['.repeat(1e5) + ']'.repeat(1e5)
      const text = JSON.stringify({ jsonrpc: '2.0', id, result: { _meta: { 'mcp-edge/description': ${JSON.stringify(good)} } } })
      return new Response(text.replace('"instructions"', '"x"').replace('{"serverInfo"', '{"deep":' + deep + ',"serverInfo"'), { headers: JSON_TYPE })`),
    'never-ends': describedBy(
      `return new Response(endless(2 * 1024 ** 3), { headers: JSON_TYPE })`,
    ),
    'is-a-page': describedBy(
      `return new Response('<h1>Hi</h1>', { headers: { 'content-type': 'text/html' } })`,
    ),
    redirects: describedBy(`return Response.redirect('https://clock.mcp.internal/mcp', 307)`),
    throws: describedBy(`throw new Error('no')`),
  }
}

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: { hostile: await hostileServer(), ...(await impostors()) },
  })
  slow = Promise.allSettled(
    (['silent', 'stalls'] as const).flatMap((misdeed) => [call(misdeed), call(misdeed, legacy)]),
  )
  silent = Promise.allSettled([call(SILENT), call(SILENT, legacy)])
  forsaken = leaveBehind()
})
afterAll(() => platform.close())

/** A call that never ends, of a 2025 client that left; what it is told when it is back. */
async function leaveBehind(): Promise<string | undefined> {
  const client = await LegacyClient.open(platform.mcpUrl('hostile'))
  const stream = await client.callTool('comments-for-ever', { mark: 'forsaken' })
  const primed = await stream.next()
  stream.leave()
  const back = await client.resume(primed?.id)
  return (await back.next())?.message?.result?.content[0]?.text
}

const SILENT: Misdeed = 'one-event-then-silence'

const call = (tool: Misdeed, make = modern, args = {}): Promise<Got> =>
  send(platform.origin, {
    path: '/hostile/mcp',
    ...make('tools/call', { name: tool, arguments: args }, { id: 'h-1' }),
  })
const textOf = ({ message }: Got): string => message.result?.content?.[0]?.text ?? ''

const OWN_HEADERS = [
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'x-content-type-options',
]

/** The one refusal there is, and nothing of the server's in it. */
function expectRefused(got: Got): void {
  expect(got.status).toBe(502)
  expect(got.headers['content-type']).toBe('application/json')
  expect(got.message).toMatchObject({ id: 'h-1', error: { code: -32000 } })
  const [, ref] = /^The server gave no usable answer \(ref ([0-9a-f]{8})\)$/.exec(
    got.message.error?.message ?? '',
  ) ?? ['', '']
  expect(platform.logs().some((line) => line.includes(`"ref":"${ref}"`))).toBe(true)
  expect(JSON.stringify([got.text, got.headers])).not.toMatch(/evil|secret|script/)
}

const REFUSED: Misdeed[] = [
  'html',
  'untyped',
  'two-types',
  'redirect',
  'own-401',
  'own-403',
  'own-503',
  'nothing',
  'upgrade',
  'throws',
  'breaks',
  'two-gigabytes',
  'zip-bomb',
  'declares-two-gigabytes',
  'declared-zip-bomb',
]

describe.each([
  { era: MODERN, make: modern },
  { era: LEGACY, make: legacy },
])('answers no engine gives, $era', ({ make }) => {
  test.each(REFUSED)('%s: 502 with a reference, in a format of ours', async (misdeed) => {
    expectRefused(await call(misdeed, make))
  })

  test('and the same server goes on answering what it answers', async () => {
    expect(textOf(await call('fine', make))).toBe('fine')
  })
})

describe('answers that pass, contained', () => {
  test('cookies, redirects, CORS and policy headers of a server end here', async () => {
    for (const make of [modern, legacy]) {
      const got = await call('headers', make)
      expect(textOf(got)).toBe('decorated')
      expect(Object.keys(got.headers).toSorted()).toEqual(OWN_HEADERS)
      expect(got.headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
      })
    }
  })

  test('text that says it is JSON is never rendered or sniffed; a 2025 client is told', async () => {
    const got = await call('not-json')
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
    const { message } = await call('not-json', legacy)
    expect(message.error?.message).toMatch(/^Internal error \(ref [0-9a-f]{8}\)$/)
  })

  test('nothing of the caller reaches a server but MCP headers', async () => {
    const token = await mintToken(platform.mcpUrl('hostile'))
    for (const make of [modern, legacy]) {
      const { headers, body } = make('tools/call', { name: 'echo' }, { token })
      const got = await send(platform.origin, {
        path: '/hostile/mcp',
        headers: {
          ...headers,
          cookie: 'session=mine',
          dpop: 'proof',
          'proxy-authorization': 'Basic x',
          'x-forwarded-for': '10.0.0.1',
          'cf-access-jwt-assertion': 'x',
          'mcp-session-id': undefined,
          referer: 'https://me.example.com/',
        },
        body,
      })
      const received = Object.fromEntries(JSON.parse(textOf(got)) as [string, string][])
      expect(Object.keys(received).toSorted()).toEqual([
        'accept',
        'content-length',
        'content-type',
        'mcp-method',
        'mcp-name',
        'mcp-protocol-version',
        'x-mcp-edge-decision',
        'x-mcp-edge-principal',
      ])
      expect(JSON.stringify(received)).not.toContain(token)
    }
  })

  test('a server that always says it changed is described once per call, then 503', async () => {
    const counts = async (): Promise<number[]> =>
      textOf(await call('asked'))
        .split(' ')
        .map(Number)
    const [asked = 0, described = 0] = await counts()
    const got = await call('never-the-same')
    expect(got.status).toBe(503)
    expect(got.message).toMatchObject({ id: 'h-1', error: { code: -32000 } })
    expect(await counts()).toEqual([asked + 2, described + 1])
  })
})

describe('streams without an end', () => {
  /** Reads until the stream ends, breaks, or `maxBytes` came. */
  function drain(tool: Misdeed, args: object, maxBytes: number) {
    const { headers, body } = modern('tools/call', { name: tool, arguments: args })
    return new Promise<number>((resolve, reject) => {
      const { port, host } = new URL(platform.origin)
      const outgoing = open(
        {
          host: '127.0.0.1',
          port,
          path: '/hostile/mcp',
          method: 'POST',
          agent: false,
          headers: { ...headers, host },
        },
        (incoming) => {
          let bytes = 0
          const end = (): void => {
            incoming.destroy()
            resolve(bytes)
          }
          incoming.on('data', (chunk: Buffer) => {
            bytes += chunk.byteLength
            if (bytes >= maxBytes) end()
          })
          incoming.on('end', end).on('error', end)
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  test('one that floods is cut at its bound', async () => {
    const bytes = await drain('endless-stream', {}, Infinity)
    expect(bytes).toBeGreaterThan(STREAM_MAX_BYTES / 2)
    expect(bytes).toBeLessThanOrEqual(STREAM_MAX_BYTES)
  })

  test('a 2025 client gets an answer to its call from one that floods', async () => {
    const got = await call('endless-stream', legacy)
    expect(got.message).toMatchObject({ id: 'h-1', error: { code: -32603 } })
    expect(got.message.error?.message).toMatch(/^Internal error \(ref [0-9a-f]{8}\)$/)
  })

  test('one that lies about its length floods its own caller alone, until that one leaves', async () => {
    const more = BODY_MAX_BYTES * 2
    expect(await drain('lies-about-length', { mark: 'flooded' }, more)).toBeGreaterThanOrEqual(more)
    await expect
      .poll(async () => textOf(await call('left')), { timeout: paced(7_000) })
      .toContain('flooded')
    expectRefused(await call('lies-about-length', legacy))
  })

  test('one that never answers ends when the client leaves', async () => {
    await drain('comments-for-ever', { mark: 'gone' }, 1)
    await expect
      .poll(async () => textOf(await call('left')), { timeout: paced(7_000) })
      .toContain('gone')
  })
})

describe('descriptions nobody should believe', () => {
  const NAMES = [
    'lies-about-digest',
    'has-no-tools-list',
    'has-a-bad-tool-name',
    'has-a-tool-twice',
    'sets-unknown-policy',
    'is-huge',
    'is-deep',
    'never-ends',
    'is-a-page',
    'redirects',
    'throws',
  ]
  test.each(NAMES)('a server that %s is not served: as unknown to everybody', async (name) => {
    const path = `/${name}/mcp`
    expect((await send(platform.origin, { path, ...modern('tools/list') })).status).toBe(401)
    const token = await mintToken(platform.mcpUrl(name))
    const got = await send(platform.origin, { path, ...modern('tools/list', {}, { token }) })
    expect(got.status).toBe(404)
    const reason = platform.logs().find((line) => line.includes(`"server":"${name}"`))
    expect(reason).toMatch(/describe_failed|publish_refused/)
  })

  test('no name of theirs is on the home page, and other servers answer', async () => {
    const home = await send(platform.origin, { method: 'GET', path: '/' })
    for (const name of NAMES) expect(home.text).not.toContain(name)
    const sent = modern('tools/call', { name: 'test_simple_text' })
    const got = await send(platform.origin, { path: '/conformance/mcp', ...sent })
    expect(got.status).toBe(200)
  })
})

test('a server that never answers, or never ends: 502 when its time is over', async () => {
  const answers = await slow
  expect(answers).toHaveLength(4)
  for (const answer of answers) {
    if (answer.status === 'rejected') throw answer.reason
    expectRefused(answer.value)
  }
})

test('a server that says one thing and then nothing holds nobody: the stream is broken off', async () => {
  const [modernEnd, legacyEnd] = await silent
  expect(modernEnd?.status).toBe('rejected')
  if (legacyEnd?.status !== 'fulfilled') throw new Error('no answer')
  expect(legacyEnd.value.message).toMatchObject({ id: 'h-1', error: { code: -32603 } })
})

test('a call that never ends is stopped 25 s after its 2025 client left, which is told so (DESIGN §4.5)', async () => {
  expect(await forsaken).toBe('The call went on for 25 s after its client left, and was stopped')
})
