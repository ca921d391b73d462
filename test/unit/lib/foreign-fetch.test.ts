/** How what others publish is fetched: over real HTTP, from a server that misbehaves. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fetchForeign, ForeignFetchError } from '#shared/lib/foreign-fetch.ts'

const RULES = { local: true, document: true, maxBytes: 1_000, timeoutMs: 5_000 }
const JSON_TYPE = { 'content-type': 'application/json' }

type Answer = (response: ServerResponse) => void

let server: Server
let answer: Answer
let asked: { url: string | undefined; headers: object }[]
let origin: string
beforeEach(async () => {
  asked = []
  answer = (response) => response.writeHead(200, JSON_TYPE).end('{"a":"ä"}')
  server = createServer((request, response) => {
    asked.push({ url: request.url, headers: request.headers })
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const get = (rules: object = {}, init: RequestInit = {}) =>
  fetchForeign(`${origin}/x`, init, { ...RULES, ...rules })

test('a JSON document is answered whole, with its headers but for cookies and lengths', async () => {
  answer = (response) =>
    response.writeHead(200, { ...JSON_TYPE, etag: '"1"', 'set-cookie': 'a=b' }).end('{"a":"ä"}')
  const got = await get({}, { headers: { accept: 'application/json' } })
  expect(await got.json()).toEqual({ a: 'ä' })
  expect(Object.fromEntries(got.headers)).toMatchObject({ ...JSON_TYPE, etag: '"1"' })
  expect([got.headers.get('set-cookie'), got.headers.get('content-length')]).toEqual([null, null])
  expect(asked).toMatchObject([{ url: '/x', headers: { accept: 'application/json' } }])
})

test.each([301, 302, 303, 307, 308, 300, 304])(
  'a redirect (%i) is not followed',
  async (status) => {
    answer = (response) => response.writeHead(status, { location: `${origin}/elsewhere` }).end('{}')
    await expect(get()).rejects.toThrow('answered with a redirect')
    await expect(get({ document: false })).rejects.toThrow('answered with a redirect')
    expect(asked.map(({ url }) => url)).toEqual(['/x', '/x'])
  },
)

test('the address is judged before anything is sent', async () => {
  await expect(get({ local: false })).rejects.toBeInstanceOf(ForeignFetchError)
  await expect(get({ local: false })).rejects.toThrow('must begin with https://')
  expect(asked).toEqual([])
})

describe('a document', () => {
  test.each([201, 203, 206, 400, 404, 500, 503])('of status %i is none', async (status) => {
    answer = (response) => response.writeHead(status, JSON_TYPE).end('{}')
    await expect(get()).rejects.toThrow(`status ${status}`)
    expect((await get({ document: false })).status).toBe(status)
  })

  test.each([
    'text/html',
    'text/plain',
    'text/json',
    'application/octet-stream',
    'application/javascript',
    'application/jsonp',
    'application/+json',
    'application/json-seq',
    'application/json, text/html',
    'image/svg+json',
    '',
  ])('of content type %j is none', async (type) => {
    answer = (response) => response.writeHead(200, type ? { 'content-type': type } : {}).end('{}')
    await expect(get()).rejects.toThrow('another content type')
    expect((await get({ document: false })).status).toBe(200)
  })

  test.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/oauth-client+json',
    'application/jwk-set+json;x=y',
  ])('of content type %s is one', async (type) => {
    answer = (response) => response.writeHead(200, { 'content-type': type }).end('{}')
    expect((await get()).status).toBe(200)
  })
})

test.each([
  ['that says its length', (response: ServerResponse) => void response.end('x'.repeat(1_001))],
  [
    'that comes in pieces',
    (response: ServerResponse) => {
      for (let piece = 0; piece < 11; piece += 1) response.write('x'.repeat(100))
      response.end()
    },
  ],
])('an answer %s is read no further than its bound', async (_, write) => {
  answer = (response) => write(response.writeHead(200, JSON_TYPE))
  await expect(get()).rejects.toThrow('more than 1000 bytes')
  expect((await get({ maxBytes: 1_100 })).status).toBe(200)
})

describe('an answer that never ends', () => {
  test.each<[string, Answer]>([
    ['says nothing', () => undefined],
    ['stops in its head', (response) => response.writeHead(200, JSON_TYPE).flushHeaders()],
    ['stops in its body', (response) => void response.writeHead(200, JSON_TYPE).write('{')],
  ])('and %s is given up in time', async (_, stall) => {
    answer = stall
    await expect(get({ timeoutMs: 100 })).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('is given up in time by a caller with a longer patience, too', async () => {
    answer = (response) => void response.writeHead(200, JSON_TYPE).write('{')
    const { signal } = new AbortController()
    await expect(get({ timeoutMs: 100 }, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  test('is given up where the runtime does not end its body with the signal', async () => {
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new Uint8Array([123, 125])),
    })
    const init = { headers: JSON_TYPE }
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(body, init))
    await expect(get({ timeoutMs: 100 })).rejects.toMatchObject({ name: 'TimeoutError' })
    vi.restoreAllMocks()
  })

  test('is given up when the caller does', async () => {
    answer = (response) => void response.writeHead(200, JSON_TYPE).write('{')
    const caller = new AbortController()
    const got = get({}, { signal: caller.signal })
    setTimeout(() => caller.abort(), 100)
    await expect(got).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test.each([
  ['max-age=604800', 'max-age=3600'],
  ['public, max-age=60', 'public, max-age=60'],
  ['max-age=60, s-maxage = "999999"', 'max-age=60, s-maxage = "3600"'],
  ['MAX-AGE=99999999999999999999', 'MAX-AGE=3600'],
  ['no-store', 'no-store'],
])('an age of "%s" counts as "%s"', async (said, counted) => {
  answer = (response) => response.writeHead(200, { ...JSON_TYPE, 'cache-control': said }).end('{}')
  const { headers } = await get({ maxAgeSeconds: 3_600 })
  expect(headers.get('cache-control')).toBe(counted)
})
