/** Where a person's upstream token may go, and what may not come along. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fetchUpstream } from '#shared/services/connection-fetch.ts'
import { ok } from '#shared/lib/result.ts'

let server: Server
let elsewhere: Server
let origin: string
let away: string
let seen: { url: string; method: string; headers: IncomingHttpHeaders; body: string }[]

const listen = async (made: Server): Promise<string> => {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return `http://localhost:${(made.address() as AddressInfo).port}`
}
beforeAll(async () => {
  elsewhere = createServer((request, response) => {
    seen.push({ url: 'elsewhere', method: '', headers: request.headers, body: '' })
    response.end('stolen')
  })
  away = await listen(elsewhere)
  server = createServer((request, response) => {
    const { url = '', method = '', headers } = request
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ url, method, headers, body: Buffer.concat(chunks).toString() })
      const to: Record<string, string> = {
        '/here': '/done',
        '/away': `${away}/`,
        '/round': '/round',
      }
      const location = to[url]
      if (location) return response.writeHead(307, { location }).end()
      if (url === '/old' && headers.authorization === 'Bearer token-1')
        return response.writeHead(401).end()
      response.setHeader('set-cookie', 'a=b')
      response.end('done')
    })
  })
  origin = await listen(server)
})
beforeEach(() => {
  seen = []
})
afterAll(() => {
  server.close()
  elsewhere.close()
})

/** A new token for each one refused. */
const source = () => {
  let issued = 0
  return async (refused?: string) =>
    ok(refused === undefined ? 'token-1' : `token-${(issued += 1) + 1}`)
}
async function ask(
  path: string,
  init: { method?: string; headers?: [string, string][]; body?: string } = {},
  hosts = [new URL(origin).host],
) {
  const url = path.includes(':') ? path : origin + path
  const { method = 'GET', headers = [], ...rest } = init
  const answer = await fetchUpstream({ url, method, headers, ...rest }, { hosts }, source())
  return answer.ok ? { status: answer.value.status, answer: answer.value } : answer.failure
}

test('the token is put in, over whatever the tool wrote there; its other headers pass', async () => {
  const headers: [string, string][] = [
    ['Authorization', 'Bearer mine'],
    ['cookie', 'a=b'],
    ['X-Forwarded-For', '1.2.3.4'],
    ['cf-connecting-ip', '1.2.3.4'],
    ['x-asked', 'yes'],
  ]
  await ask('/x', { headers })
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer token-1', 'x-asked': 'yes' })
  for (const name of ['cookie', 'x-forwarded-for', 'cf-connecting-ip']) {
    expect(seen[0]?.headers).not.toHaveProperty(name)
  }
})

test('a cookie of the service does not reach the tool', async () => {
  const got = await ask('/x')
  expect('answer' in got && got.answer.headers.get('set-cookie')).toBeNull()
})

describe('redirects', () => {
  test('on the same hosts are followed, for reading', async () => {
    expect(await ask('/here')).toMatchObject({ status: 200 })
    expect(seen.map(({ url }) => url)).toEqual(['/here', '/done'])
  })
  test('elsewhere are handed to the tool, and the token stays', async () => {
    expect(await ask('/away')).toMatchObject({ status: 307 })
    expect(seen.map(({ url }) => url)).toEqual(['/away'])
  })
  test('of what changes something are handed to the tool', async () => {
    expect(await ask('/here', { method: 'POST', body: 'x' })).toMatchObject({ status: 307 })
    expect(seen).toHaveLength(1)
  })
  test('end', async () => {
    expect(await ask('/round')).toMatchObject({ status: 307 })
    expect(seen).toHaveLength(4)
  })
})

test('refused: once more with a fresh token and the same body, and not a third time', async () => {
  expect(await ask('/old', { method: 'POST', body: 'kept' })).toMatchObject({ status: 200 })
  expect(seen.map(({ body, headers }) => [headers.authorization, body])).toEqual([
    ['Bearer token-1', 'kept'],
    ['Bearer token-2', 'kept'],
  ])
})

test.each([
  ['another port', 'http://localhost:1/'],
  ['another name of the same machine', 'http://127.0.0.1:PORT/'],
  ['cleartext to the world', 'http://api.example.com/'],
  ['another scheme', 'ftp://localhost:PORT/'],
  ['user info', 'http://user@localhost:PORT/'],
  ['a fragment', 'http://localhost:PORT/#x'],
  ['no URL', 'not:a url'],
])('%s: nothing is sent', async (_, url) => {
  const at = url.replace('PORT', new URL(origin).port)
  expect(await ask(at, {}, [new URL(origin).host, 'api.example.com'])).toEqual({
    reason: 'not_allowed',
  })
  expect(seen).toEqual([])
})

test.each([
  ['a method for proxies', { method: 'CONNECT' }],
  ['a method nobody knows', { method: 'get' }],
  ['a body that is too large', { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024 + 1) }],
])('%s: nothing is sent', async (_, init) => {
  expect(await ask('/x', init)).toEqual({ reason: 'not_allowed' })
  expect(seen).toEqual([])
})
