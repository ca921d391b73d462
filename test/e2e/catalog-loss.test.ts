/**
 * A Catalog that lost its data, on a platform whose isolates run on: export, lose it,
 * import, turn a server off. What the commands say, and what callers get.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { OWNER_SUBJECT } from '#shared/identity/operators.ts'
import { ROOT } from '../../scripts/root.ts'
import { apiKeyCommand, apiKeyJson } from './_api-key.ts'
import { operatorOf } from './_catalog.ts'
import { grayServer } from './_gray.ts'
import { SECOND_ROUTER, startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { jsonHeaders, LEGACY, legacy, modern } from './_wire.ts'

/** A busy isolate sees a change within 10 s. */
const BUSY = { timeout: 15_000, interval: 200 }
const CLASS = 'CatalogObject'

let platform: Platform
const folder = mkdtempSync(join(tmpdir(), 'catalog-loss-'))
const file = join(folder, 'catalog.json')

beforeAll(async () => {
  platform = await startPlatform({
    secondRouter: true,
    vars: { oauth: { API_KEYS: 'on' } },
    extraServers: {
      shelf: grayServer('shelf', `[{ tools: { put: tool('Put a book away') } }]`),
    },
  })
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await platform.close()
})

interface Ran {
  code: number
  out: string
  err: string
}

async function catalog(...args: string[]): Promise<Ran> {
  const resource = new URL('/catalog', platform.origin)
  const claims = { sub: OWNER_SUBJECT, scope: 'catalog:admin' }
  const token = await mintToken(resource, claims)
  return new Promise((resolve) => {
    const command = ['scripts/catalog.ts', ...args, '--url', platform.origin, '--token', token]
    const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)))
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }))
  })
}

/** The status of a call of this moment, in two isolates. */
async function statuses(token?: string): Promise<number[]> {
  const held = token ?? (await mintToken(platform.mcpUrl('shelf')))
  const { headers, body } = modern('tools/call', { name: 'put', arguments: {} }, { token: held })
  const url = platform.mcpUrl('shelf').href
  const one = await fetch(url, { method: 'POST', headers, body })
  const other = await platform.worker(SECOND_ROUTER).fetch(url, { method: 'POST', headers, body })
  await Promise.all([one.arrayBuffer(), other.arrayBuffer()])
  return [one.status, other.status]
}

/** As if the object's storage were gone; what it knows beside its tables names no index. */
async function loseCatalog(): Promise<void> {
  const objects = platform.worker('mcp-edge-objects')
  const storage = await objects.getDurableObjectStorage(CLASS, { name: 'catalog' })
  for (const table of ['server', 'revision', 'view', 'snapshot', 'change']) {
    await storage.exec(`DELETE FROM ${table}`)
  }
  await objects.evictDurableObject(CLASS, { name: 'catalog' })
}

test('every command says that the feed took it', async () => {
  expect(await statuses()).toEqual([200, 200])
  expect((await catalog('export', file)).code).toBe(0)
  const off = await catalog('disable', 'shelf')
  expect([off.code, off.out]).toEqual([0, expect.stringMatching(/the feed took it \(index \d+\)/)])
  await vi.waitFor(async () => expect(await statuses()).toEqual([404, 404]), BUSY)
  const status = await catalog('status')
  expect([status.code, status.out]).toEqual([0, expect.stringContaining('KV same')])
})

test('while it is lost, what was turned off stays off, and commands say what to do', async () => {
  await loseCatalog()
  // A look at what is deployed is what would publish it anew.
  await catalog('refresh', 'shelf')
  expect(await statuses()).toEqual([404, 404])
  for (const command of [['list'], ['disable', 'shelf'], ['status']]) {
    const { code, out, err } = await catalog(...command)
    expect([code, out + err]).toEqual([1, expect.stringContaining('lost what it held')])
    expect(out + err).toMatch(/npm run catalog -- \S+.* --url http:\/\/localhost/)
  }
})

test('import → disable: callers of both isolates are refused, as the command says', async () => {
  const imported = await catalog('import', file)
  expect([imported.code, imported.out]).toEqual([0, expect.stringContaining('the feed took it')])
  await vi.waitFor(async () => expect(await statuses()).toEqual([200, 200]), BUSY)
  const off = await catalog('disable', 'shelf')
  expect([off.code, off.out]).toEqual([0, expect.stringContaining('the feed took it')])
  await vi.waitFor(async () => expect(await statuses()).toEqual([404, 404]), BUSY)
  expect((await catalog('enable', 'shelf')).code).toBe(0)
  await vi.waitFor(async () => expect(await statuses()).toEqual([200, 200]), BUSY)
  expect((await catalog('status')).code).toBe(0)
})

test('a copy in KV that somebody edited shows nothing to an isolate that starts', async () => {
  const { CATALOG_KV } = (await platform.worker('mcp-edge-objects').getEnv()) as {
    CATALOG_KV: KVNamespace
  }
  expect((await catalog('disable', 'shelf')).code).toBe(0)
  const { keys } = await CATALOG_KV.list({ prefix: 'index:' })
  for (const { name } of keys) {
    const value = (await CATALOG_KV.get(name, 'text')) ?? ''
    await CATALOG_KV.put(name, value.replaceAll('"visibility":"off"', '"visibility":"public"'))
  }
  const status = await catalog('status')
  expect([status.code, status.out]).toEqual([1, expect.stringContaining('KV differs')])
  await platform.restart()
  await vi.waitFor(async () => expect(await statuses()).toEqual([404, 404]), BUSY)
  expect((await catalog('republish')).code).toBe(0)
  expect((await catalog('status')).code).toBe(0)
  expect((await catalog('enable', 'shelf')).code).toBe(0)
  await vi.waitFor(async () => expect(await statuses()).toEqual([200, 200]), BUSY)
})

test('after the feed lost its revocations: old tokens and sessions end, new ones and API keys count', async () => {
  const before = { iat: Math.floor(Date.now() / 1000) - 60 }
  const old = await mintToken(platform.mcpUrl('shelf'), before)
  const key = await apiKeyJson(
    platform,
    'create',
    '--name=k',
    '--subject=k',
    '--server=shelf',
    '--expires=1d',
  )
  expect(await statuses(old)).toEqual([200, 200])
  expect(await statuses(key.key)).toEqual([200, 200])
  const init = {
    protocolVersion: LEGACY,
    capabilities: {},
    clientInfo: { name: 'x', version: '1' },
  }
  const conformance = platform.mcpUrl('conformance')
  const opened = await fetch(conformance, {
    method: 'POST',
    headers: jsonHeaders(),
    body: legacy('initialize', init).body,
  })
  const session = {
    ...jsonHeaders(),
    'mcp-protocol-version': LEGACY,
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
  }
  const list = async () =>
    (
      await fetch(conformance, {
        method: 'POST',
        headers: session,
        body: legacy('tools/list').body,
      })
    ).status
  expect(await list()).toBe(200)
  // Later than the second in which the session was opened.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect((await catalog('republish', '--distrust', '--yes')).code).toBe(0)
  await vi.waitFor(async () => expect(await statuses(old)).toEqual([401, 401]), BUSY)
  await vi.waitFor(async () => expect(await list()).toBe(404), BUSY)
  expect(await statuses()).toEqual([200, 200])
  expect(await statuses(key.key)).toEqual([200, 200])
  expect(await apiKeyCommand(platform, 'list')).toContain(key.id)
  const status = await catalog('status')
  expect([status.code, status.out]).toEqual([0, expect.stringContaining('lost its revocations')])
  const operator = await operatorOf(platform, before)
  expect((await operator.ask('GET', '/servers')).status).toBe(401)
})

test('the numbers are told only to whoever holds the keys of the platform', async () => {
  const url = new URL('/oauth/catalog-standing', platform.origin)
  expect((await fetch(url)).status).toBe(401)
  const scoped = await mintToken(new URL('/catalog', platform.origin), {
    scope: 'catalog:standing',
  })
  const authorization = `Bearer ${scoped}`
  expect((await fetch(url, { headers: { authorization } })).status).toBe(401)
  const unscoped = await mintToken(url)
  const other = { authorization: `Bearer ${unscoped}` }
  expect((await fetch(url, { headers: other })).status).toBe(401)
  const right = await mintToken(url, { scope: 'catalog:standing' })
  const answer = await fetch(url, { headers: { authorization: `Bearer ${right}` } })
  expect(await answer.json()).toMatchObject({ kv: { index: 'same' }, problems: [] })
})

test('a file that holds half a server is taken not at all, and status says nothing is wrong', async () => {
  const broken = JSON.parse(readFileSync(file, 'utf8')) as { servers: Record<string, object> }
  broken.servers['shelf'] = {}
  const path = join(folder, 'broken.json')
  writeFileSync(path, JSON.stringify(broken))
  expect((await catalog('import', path)).code).toBe(1)
  expect((await catalog('status')).code).toBe(0)
})
