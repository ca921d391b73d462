/** The front door of `npm run dev` before a real server: what passes, and what does not change on the way. */
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openDoor, type Door } from '../../../scripts/dev-door.ts'
import { judgeRequest } from '../../../scripts/dev-door-request.ts'
import { freePort } from '../../e2e/_dev.ts'
import { rawHttp, statusOf } from '../../e2e/_raw-http.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Answer = Parameters<typeof createServer>[1]

async function door(answer?: Answer): Promise<{ port: number; opened: Door }> {
  const port = await freePort()
  const opened = await openDoor(port, undefined)
  cleanups.push(() => opened.close())
  if (answer) opened.leadTo(await behind(answer))
  return { port, opened }
}

async function behind(answer: NonNullable<Answer>): Promise<number> {
  const server: Server = createServer(answer as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

const ask = (port: number, ...lines: string[]): Promise<string> =>
  rawHttp(port, [...lines, 'Connection: close'])

/** What arrived, as JSON. */
const echo: Answer = (incoming: IncomingMessage, response) => {
  const { url, method, rawHeaders } = incoming
  response.end(JSON.stringify({ url, method, rawHeaders }))
}

describe('judgeRequest', () => {
  test.each([
    ['/clock/mcp?x=%2Fcdn-cgi', '/clock/mcp?x=%2Fcdn-cgi'],
    ['/a/../b', '/b'],
    ['//b', '//b'],
    ['/cdn-cgi-like', '/cdn-cgi-like'],
    ['/x/cdn-cgi/', '/x/cdn-cgi/'],
  ])('passes %s as %s', (target, path) => {
    expect(judgeRequest(target, 'localhost:8787', undefined)).toEqual({ path })
  })

  test.each([
    undefined,
    '',
    'localhost@evil.example',
    'localhost.evil.example',
    'evil.example',
    'localhost/x',
    'tunnel.example.com',
    '0.0.0.0',
    '192.168.1.7',
  ])('refuses the Host %s on a machine that is not public', (host) => {
    expect(judgeRequest('/health', host, undefined)).toMatchObject({ status: 421 })
  })

  test.each(['*', '', 'evil.example:443', 'http://localhost/health'])(
    'refuses the target "%s"',
    (target) => {
      expect(judgeRequest(target, 'localhost', undefined)).toMatchObject({ status: 400 })
    },
  )
})

test('says that it is starting while nothing runs behind it', async () => {
  const { port, opened } = await door()
  const lines = ['GET /health HTTP/1.1', 'Host: localhost']
  expect(await ask(port, ...lines)).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1/i)
  opened.leadTo(await behind(echo))
  expect(statusOf(await ask(port, ...lines))).toBe(200)
  opened.leadTo(1)
  expect(statusOf(await ask(port, ...lines))).toBe(503)
})

test('hands on headers as they came, without those for miniflare and for one connection', async () => {
  const { port } = await door(echo)
  const answer = await ask(
    port,
    'GET /a HTTP/1.1',
    'Host: localhost:1',
    'X-Twice: 1',
    'X-Twice: 2',
    'MF-Route-Override: InspectorProxyWorker',
    'mf-cf-blob: {}',
    'Connection: X-Once, Host',
    'X-Once: 1',
    'Upgrade: websocket',
  )
  const { rawHeaders } = JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? '{}') as { rawHeaders: string[] }
  expect(rawHeaders.slice(0, 6)).toEqual(['Host', 'localhost:1', 'X-Twice', '1', 'X-Twice', '2'])
  expect(rawHeaders.join(' ')).not.toMatch(/mf-|X-Once|upgrade/i)
})

test('of two Host headers none is believed', async () => {
  const { port } = await door(echo)
  const answer = await ask(port, 'GET / HTTP/1.1', 'Host: localhost', 'Host: evil.example')
  expect([400, 421]).toContain(statusOf(answer))
})

test('the body of a GET does not become another request', async () => {
  const seen: string[] = []
  const { port } = await door((incoming, response) => {
    seen.push(incoming.url ?? '')
    incoming.resume().on('end', () => response.end())
  })
  const smuggled = 'GET /cdn-cgi/local/scheduled HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const lines = ['GET /a HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked', '']
  await rawHttp(port, [...lines, smuggled.length.toString(16), smuggled, '0'])
  expect(seen).toEqual(['/a'])
})

test('a stream comes through event by event, and a client that leaves is noticed', async () => {
  const left = vi.fn()
  const { port } = await door((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': first\n\n')
    response.once('close', left)
  })
  const client = request({ host: '127.0.0.1', port, path: '/', headers: { host: 'localhost' } })
  client.end()
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  const [chunk] = (await once(answer, 'data')) as [Buffer]
  expect(chunk.toString()).toBe(': first\n\n')
  expect(left).not.toHaveBeenCalled()
  answer.once('error', () => {})
  client.destroy()
  await vi.waitFor(() => expect(left).toHaveBeenCalledOnce())
})

test('large bodies pass both ways unchanged', async () => {
  const { port } = await door((incoming, response) => void incoming.pipe(response))
  const body = 'x'.repeat(5_000_000)
  const answer = await fetch(`http://localhost:${port}/`, { method: 'POST', body })
  expect(await answer.text()).toBe(body)
})
