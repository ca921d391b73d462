/**
 * `npm run dev -- --public`: whoever reaches the port through the tunnel reaches the Workers and
 * nothing of wrangler's own, however the request is written.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ROOT } from '../../scripts/root.ts'
import { freePort, runDev, type DevRun } from './_dev.ts'
import { rawHttp, statusOf } from './_raw-http.ts'

const PUBLIC_HOST = 'tunnel.example.com'
/** Names a tunnel may send: its own, or the machine's, rewritten; and none of ours. */
const HOSTS = ['localhost', '127.0.0.1:1', '[::1]', PUBLIC_HOST, 'evil.example', 'LOCALHOST']
const NAMESPACES = 'local/explorer/api/storage/kv/namespaces'

const state = mkdtempSync(join(tmpdir(), 'mcp-edge-dev-'))
let dev: DevRun
let port: number

beforeAll(async () => {
  port = await freePort()
  const args = ['--port', String(port), '--state', state, '--public', `https://${PUBLIC_HOST}`]
  dev = runDev(args)
  const started = () => expect(dev.output()).toContain('Ctrl-C ends everything')
  await vi.waitFor(started, { timeout: 50_000, interval: 200 })
})
afterAll(async () => {
  dev.child.kill('SIGINT')
  await dev.exitCode
  rmSync(state, { recursive: true, force: true })
  rmSync(join(ROOT, '.gen', `dev-${port}`), { recursive: true, force: true })
})

const get = (target: string, host: string, ...headers: string[]): Promise<string> =>
  rawHttp(port, [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers])

const upgrade = (protocol: string): string[] => [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  `Sec-WebSocket-Protocol: ${protocol}`,
]

test.each(HOSTS)('nothing under /cdn-cgi answers to Host: %s', async (host) => {
  const paths = [
    `/cdn-cgi/${NAMESPACES}`,
    '/cdn-cgi/local/explorer',
    '/cdn-cgi/explorer/api/storage/kv/namespaces',
    '/cdn-cgi/local/scheduled',
    '/cdn-cgi/handler/scheduled',
    '/cdn-cgi/mf/scheduled',
    '/cdn-cgi/local/email?from=a@a&to=b@b',
    '/cdn-cgi/local/platform-proxy',
    '/cdn-cgi/local/r2/s3',
    '/cdn-cgi/ProxyWorker/pause',
    '/cdn-cgi/',
    '/cdn-cgi',
    '/__cf_local/imagedelivery/x',
    `//cdn-cgi/${NAMESPACES}`,
    `/x/../cdn-cgi/${NAMESPACES}`,
    `/x/%2e%2E/cdn-cgi/${NAMESPACES}`,
    `/%63dn-cgi/${NAMESPACES}`,
    `/%2563dn-cgi/${NAMESPACES}`,
    `/cdn-cgi%2f${NAMESPACES}`,
    `/CDN-CGI/${NAMESPACES}`,
    `/\\cdn-cgi\\${NAMESPACES}`,
    `http://localhost/cdn-cgi/${NAMESPACES}`,
    `http://${PUBLIC_HOST}/cdn-cgi/${NAMESPACES}`,
  ]
  for (const path of paths) {
    const answer = await get(path, host)
    expect([400, 404, 421], `${path}: ${answer}`).toContain(statusOf(answer))
    expect(answer, path).not.toMatch(/CATALOG_KV|Invalid (Host|Origin|email|proxy)/)
  }
})

describe("headers that choose a URL or a Worker inside wrangler's own", () => {
  test('do not turn another path into the browser of KV', async () => {
    const url = `http://localhost/cdn-cgi/${NAMESPACES}`
    for (const name of ['MF-Original-URL', 'mf-original-url']) {
      const answer = await get('/health', 'localhost', `${name}: ${url}`)
      expect(answer).toContain('{"status":"ok"}')
    }
  })

  test('do not lead to the debugger, which can run any code', async () => {
    const override = 'MF-Route-Override: InspectorProxyWorker'
    expect(await get('/json/version', 'localhost', override)).not.toContain('wrangler')
    const socket = ['GET /ws HTTP/1.1', 'Host: localhost', override, ...upgrade('x')]
    expect(statusOf(await rawHttp(port, socket))).not.toBe(101)
  })
})

test('no websocket is opened, not even for a reload', async () => {
  const socket = ['GET /cdn-cgi/live-reload HTTP/1.1', 'Host: localhost']
  const protocol = 'WRANGLER_PROXYWORKER_LIVE_RELOAD_PROTOCOL'
  expect(statusOf(await rawHttp(port, [...socket, ...upgrade(protocol)]))).toBe(404)
})

test('a name that a web page could make lead here is refused, with what to do', async () => {
  const answer = await get('/clock/mcp', 'rebound.example:80')
  expect(statusOf(answer)).toBe(421)
  expect(answer).toContain('npm run dev -- --public')
})

test.each(['localhost', PUBLIC_HOST])('the platform answers to Host: %s', async (host) => {
  expect(await get('/health', host)).toContain('{"status":"ok"}')
  const answer = await get('/clock/mcp', host)
  expect(statusOf(answer)).toBe(401)
  expect(answer).toContain(`resource_metadata="https://${PUBLIC_HOST}/`)
})
