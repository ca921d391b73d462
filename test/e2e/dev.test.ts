/** `npm run dev` as a person uses it: it serves, says how to go on, and leaves nothing behind. */
import { paced } from '../_pace.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ROOT } from '../../scripts/root.ts'
import { closed, freePort, listen, runDev } from './_dev.ts'
import { rawHttp, statusOf } from './_raw-http.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test('serves on the port it was told, says how to connect, and ends whole on Ctrl-C', async () => {
  const port = await freePort()
  const state = mkdtempSync(join(tmpdir(), 'mcp-edge-dev-'))
  cleanups.push(() => rmSync(state, { recursive: true, force: true }))
  cleanups.push(() => rmSync(join(ROOT, '.gen', `dev-${port}`), { recursive: true, force: true }))
  const dev = runDev(['--port', String(port), '--state', state])
  cleanups.push(() => dev.child.kill('SIGTERM'))

  await expect.poll(dev.output, { timeout: paced(17_000) }).toContain('Ctrl-C ends everything')
  const origin = `http://localhost:${port}`
  expect(dev.output()).toContain(`mcp-edge runs at ${origin}`)
  expect(dev.output()).toContain(`claude mcp add --transport http clock ${origin}/clock/mcp`)
  expect(dev.output()).toMatch(/cursor:\/\/.*\n.*StreamableHTTPClientTransport.*\n.*--public https/)
  expect(dev.output()).toMatch(/Sign in +http:\/\/localhost:\d+\/login\/owner\S+/)
  expect((await fetch(`${origin}/health`)).status).toBe(200)
  // Without a tunnel, too: web pages reach this port, by a name they make lead here (DNS rebinding).
  for (const [path, host, status] of [
    ['/cdn-cgi/local/explorer/api/storage/kv/namespaces', 'localhost', 404],
    ['/cdn-cgi/local/scheduled', 'localhost', 404],
    ['/health', 'rebound.example', 421],
  ] as const) {
    const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}:${port}`, 'Connection: close']
    expect([path, statusOf(await rawHttp(port, lines))]).toEqual([path, status])
  }

  dev.child.kill('SIGINT')
  expect(await dev.exitCode).toBe(0)
  await expect(fetch(`${origin}/health`)).rejects.toThrow()
})

test('a busy port is an error that says so, never another port', async () => {
  const { server, port } = await listen()
  cleanups.push(() => closed(server))
  const dev = runDev(['--port', String(port)])
  expect(await dev.exitCode).toBe(1)
  expect(dev.output()).toContain(`Port ${port}\n  Another program listens there`)
})

test.each([
  [['--port', 'http'], '"http" is no port'],
  [['--public', 'http://example.com'], 'is no https origin'],
  [['--prot', '1'], "Unknown option '--prot'"],
])('refuses %j with a sentence', async (args, sentence) => {
  const dev = runDev(args)
  expect(await dev.exitCode).toBe(1)
  expect(dev.output()).toContain(sentence)
})
