/**
 * The drill of docs/backup.md: backup, the loss of all that objects hold, restore; and
 * whoever was signed in goes on without signing in. With the commands an operator runs.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { BACKUP_AUDIENCE_PATH } from '#shared/identity/operator.ts'
import { ROOT } from '../../scripts/root.ts'
import { apiKeyJson, type Shown } from './_api-key.ts'
import { operatorOf, type Operator } from './_catalog.ts'
import { createDpopFetch } from './_dpop-fetch.ts'
import { startLosable, type Losable } from './_lost.ts'
import { basic, hashOf, newSecret, postForm } from './_machines.ts'
import type { Platform } from './_platform.ts'
import { legacySdk, MemoryOAuthStore, modernSdk, REDIRECT_URI, type SdkClient } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'
import { mintToken } from './_tokens.ts'
import { modern, send } from './_wire.ts'

/** A change of the catalog or a revocation is in force within 10 s in a busy isolate. */
const IN_FORCE = { timeout: 20_000, interval: 250 }
/** What was not found is looked up again after 30 s. */
const LOOKED_UP_AGAIN = { timeout: 60_000, interval: 500 }
const DRILL_MS = 240_000
const ENDED_SECONDS = 1

vi.setConfig({ testTimeout: DRILL_MS, hookTimeout: DRILL_MS })

const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-drill-'))
const file = join(folder, 'drill.backup')
const machineSecret = newSecret()

let losable: Losable
let platform: Platform
let operator: Operator
let key: Shown
let revokedKey: Shown

/** What the clients hold when everything is lost, by what they are. */
const stores = new Map<string, { sdk: SdkClient; store: MemoryOAuthStore }>()
let revokedBefore: MemoryOAuthStore
let revokedAfter: MemoryOAuthStore

beforeAll(async () => {
  losable = await startLosable({
    vars: { oauth: { API_KEYS: 'on' } },
    secrets: {
      oauth: {
        MACHINE_ci: JSON.stringify({ servers: ['clock'], secrets: [hashOf(machineSecret)] }),
      },
    },
  })
  ;({ platform } = losable)
  operator = await operatorOf(platform)
  for (const server of ['clock', 'shop', 'notes', 'weather']) {
    await fetch(platform.mcpUrl(server), { method: 'POST' })
  }
  await useThePlatform()
})
afterAll(async () => {
  await losable.close()
  rmSync(folder, { recursive: true })
})

async function useThePlatform(): Promise<void> {
  const dpopFetch = await createDpopFetch()
  stores.set('the 2025 SDK', { sdk: legacySdk, store: await signedIn(legacySdk) })
  stores.set('the 2026 SDK', { sdk: modernSdk, store: await signedIn(modernSdk) })
  stores.set('a DPoP client', { sdk: modernSdk, store: await signedIn(modernSdk, dpopFetch) })
  stores.set('a client that refreshed since the backup', {
    sdk: modernSdk,
    store: await signedIn(modernSdk),
  })
  revokedBefore = await signedIn(modernSdk)
  revokedAfter = await signedIn(legacySdk)
  await revoke(revokedBefore)
  const names = ['--subject', 'exporter', '--server', 'clock']
  key = await apiKeyJson(platform, 'create', '--name', 'Export', ...names)
  revokedKey = await apiKeyJson(platform, 'create', '--name', 'Old', ...names)
  await apiKeyJson(platform, 'revoke', revokedKey.id, '--yes')
  await operator.do('POST', '/servers/shop/disable', { note: 'before the backup' })
  const patch = { tools: { now: { description: 'What time is it?' } } }
  await operator.do('PATCH', '/servers/clock/tuning', { patch })
}

async function signedIn(sdk: SdkClient, fetch = globalThis.fetch): Promise<MemoryOAuthStore> {
  const store = new MemoryOAuthStore(REDIRECT_URI, fetch)
  return signIn(sdk, platform.mcpUrl('clock'), (page) => allowAsOwner(platform, page), store)
}

async function revoke({ current, client }: MemoryOAuthStore): Promise<void> {
  const { client_id } = client as { client_id: string }
  const { status } = await postForm(platform, '/oauth/revoke', {
    token: current?.refresh_token ?? '',
    client_id,
  })
  expect(status).toBe(200)
}

/** @returns whether it answered; a client that must sign in throws */
async function callClock(sdk: SdkClient, store: MemoryOAuthStore): Promise<boolean> {
  const connection = await sdk.connect(platform.mcpUrl('clock'), store)
  const { isError } = await connection.call('now', {})
  await connection.close()
  return !isError
}

async function refresh(sdk: SdkClient, store: MemoryOAuthStore): Promise<void> {
  const before = store.current
  store.current = { ...store.current!, access_token: 'expired' }
  expect(await callClock(sdk, store)).toBe(true)
  expect(store.current.access_token).not.toBe('expired')
  expect(store.current.access_token).not.toBe(before?.access_token)
}

async function callWith(token: string, server = 'clock', name = 'now'): Promise<number> {
  const { headers, body } = modern('tools/call', { name, arguments: {} }, { token })
  return (await send(platform.origin, { path: `/${server}/mcp`, headers, body })).status
}

/** A public server's list, or why there is none. */
async function statusOf(server: string): Promise<number> {
  const token = await mintToken(platform.mcpUrl(server))
  const { headers, body } = modern('tools/list', {}, { token })
  return (await send(platform.origin, { path: `/${server}/mcp`, headers, body })).status
}

async function description(): Promise<string | undefined> {
  const token = await mintToken(platform.mcpUrl('clock'))
  const { headers, body } = modern('tools/list', {}, { token })
  const { message } = await send(platform.origin, { path: '/clock/mcp', headers, body })
  return message.result?.tools?.[0]?.description
}

interface Ended {
  readonly status: number
  readonly output: string
}

function run(script: 'backup' | 'restore', ...args: string[]): Promise<Ended> {
  const url = args.some((arg) => arg.startsWith('--url')) ? [] : ['--url', platform.origin]
  const where = ['--env', 'dev', ...url]
  return new Promise((resolve) => {
    const command = [join('scripts', `${script}.ts`), ...args, ...where]
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) => {
      const status = error ? Number(error.code ?? -1) : 0
      resolve({ status, output: stdout + stderr })
    })
  })
}

async function restored(from = file): Promise<{ written: number; kept: number }> {
  const { status, output } = await run('restore', from, '--yes', '--json')
  expect(status, output).toBe(0)
  return jsonIn(output) as never
}

const jsonIn = (output: string): Record<string, unknown> =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '{}') as never

describe('backup', () => {
  test('is one file that says what it holds', async () => {
    const { status, output } = await run('backup', '--out', file)
    expect(status, output).toBe(0)
    expect(output).toMatch(/4 servers, 1 lists of platform rules, \d+ lines of history/)
    expect(output).toContain('5 grants, 0 linked accounts')
    expect(output).toContain('2 API keys')
    const checked = await run('restore', file, '--check')
    expect(checked, checked.output).toMatchObject({ status: 0 })
    expect(checked.output).toContain('It is whole')
  })

  test('holds no token, key or secret of anybody in plaintext', () => {
    const text = readFileSync(file, 'latin1')
    for (const secret of [key.key, machineSecret, 'grant:', 'clock']) {
      expect(text).not.toContain(secret)
    }
  })

  test('overwrites no file', async () => {
    const before = readFileSync(file)
    const { status, output } = await run('backup', '--out', file)
    expect(status).toBe(1)
    expect(output).toContain('There is such a file already')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('broken off by a platform that stops answering, leaves no file', async () => {
    const out = join(folder, 'never.backup')
    const { status, output } = await run('backup', '--out', out, '--url=http://127.0.0.1:9')
    expect(status).toBe(1)
    expect(output).toContain('cannot be reached')
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false)
  })

  test('is noted in the history, with the id that the file has', async () => {
    const { id } = jsonIn((await run('restore', file, '--check', '--json')).output)
    const { changes } = await operator.do('GET', '/history')
    expect(changes).toContainEqual(expect.objectContaining({ action: 'backup', note: id }))
  })
})

describe('the endpoint', () => {
  const ask = async (token: string | undefined, method = 'GET', query = 'id=a-backup-of-mine') => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const url = new URL(`${BACKUP_AUDIENCE_PATH}?${query}`, platform.origin)
    return (await fetch(url, { method, headers })).status
  }
  const resource = () => new URL(BACKUP_AUDIENCE_PATH, platform.origin)

  test('takes a token for it alone, with its scope, that counts now', async () => {
    const scope = 'backup:admin'
    expect(await ask(undefined)).toBe(401)
    expect(await ask('nonsense')).toBe(401)
    expect(await ask(await mintToken(resource(), { scope: 'api-keys:admin' }))).toBe(401)
    expect(await ask(await mintToken(resource(), { scope: 'catalog:admin' }))).toBe(401)
    expect(await ask(await mintToken(new URL('/catalog', platform.origin), { scope }))).toBe(401)
    expect(await ask(await mintToken(platform.mcpUrl('clock'), { scope }))).toBe(401)
    const past = Math.floor(Date.now() / 1000) - 3600
    const expired = await mintToken(resource(), { scope, iat: past, exp: past + ENDED_SECONDS })
    expect(await ask(expired)).toBe(401)
    expect(await ask(await mintToken(resource(), { scope }))).toBe(200)
  })

  test('refuses what it does not know', async () => {
    const token = await mintToken(resource(), { scope: 'backup:admin' })
    expect(await ask(token, 'GET', '')).toBe(400)
    expect(await ask(token, 'GET', 'id=a-backup-of-mine&cursor=nowhere')).toBe(400)
    expect(await ask(token, 'POST', 'id=a-backup-of-mine&do=write')).toBe(400)
    expect(await ask(token, 'DELETE')).toBe(405)
  })
})

describe('everything objects hold is lost', () => {
  beforeAll(async () => {
    const { sdk, store } = stores.get('a client that refreshed since the backup')!
    for (let count = 0; count < 3; count += 1) await refresh(sdk, store)
    await losable.loseObjects()
  })

  test('no refresh token counts, no key, and no server is shown', async () => {
    const store = await copyOf(stores.get('the 2026 SDK')!.store)
    store.current = { ...store.current!, access_token: 'expired' }
    await expect(callClock(modernSdk, store)).rejects.toSatisfy(modernSdk.isUnauthorized)
    expect(await callWith(key.key)).not.toBe(200)
    expect(await statusOf('shop')).not.toBe(200)
  })

  test('an operator starts over with what is deployed, and turns a server off', async () => {
    operator = await operatorOf(platform)
    await operator.do('POST', '/republish', { startOver: true })
    await vi.waitFor(async () => expect(await statusOf('notes')).toBe(200), LOOKED_UP_AGAIN)
    await vi.waitFor(async () => expect(await statusOf('shop')).toBe(200), LOOKED_UP_AGAIN)
    await operator.do('POST', '/servers/notes/disable', { note: 'before the restore' })
    await vi.waitFor(async () => expect(await statusOf('notes')).toBe(404), IN_FORCE)
  })

  test('a file that was cut or edited is refused, and nothing is written', async () => {
    const bytes = readFileSync(file)
    const edited = Buffer.from(bytes)
    edited[edited.byteLength - 40]! ^= 1
    for (const changed of [bytes.subarray(0, -1), bytes.subarray(0, 3_000), edited]) {
      const damaged = join(folder, 'damaged.backup')
      writeFileSync(damaged, changed)
      const { status, output } = await run('restore', damaged, '--yes')
      expect(status).toBe(1)
      expect(output).toMatch(/damaged.*Nothing was restored/s)
    }
    const { changes } = await operator.do('GET', '/history')
    expect(changes.map(({ action }: { action: string }) => action)).not.toContain('restore')
    expect(await callWith(key.key)).toBe(401)
  })

  test('it asks, without --yes', async () => {
    const { status, output } = await run('restore', file)
    expect(status).toBe(2)
    expect(output).toContain(`--env dev --url ${platform.origin} --yes`)
  })

  test('restore brings it back', async () => {
    const { written } = await restored()
    expect(written).toBeGreaterThanOrEqual(10)
    operator = await operatorOf(platform)
    await vi.waitFor(async () => expect(await statusOf('shop')).toBe(404), IN_FORCE)
  })

  test('tokens of before the restore are issued anew: what was revoked since the backup is not known', async () => {
    const { store } = stores.get('the 2026 SDK')!
    expect(await callWith(store.current!.access_token)).toBe(401)
  })

  test.each([
    'the 2025 SDK',
    'the 2026 SDK',
    'a DPoP client',
    'a client that refreshed since the backup',
  ])('%s calls and refreshes without its user', async (which) => {
    const { sdk, store } = stores.get(which)!
    expect(await callClock(sdk, store)).toBe(true)
    await refresh(sdk, store)
    await refresh(sdk, store)
  })

  test('an API key and a machine go on, a revoked key does not', async () => {
    expect(await callWith(key.key)).toBe(200)
    expect(await callWith(revokedKey.key)).toBe(401)
    const { json } = await postForm(
      platform,
      '/oauth/token',
      { grant_type: 'client_credentials', resource: platform.mcpUrl('clock').href },
      { authorization: basic('machine_ci', machineSecret) },
    )
    expect(await callWith(String(json['access_token']))).toBe(200)
  })

  test('what was revoked before the backup stays refused, its access token too', async () => {
    expect(await callWith(revokedBefore.current!.access_token)).toBe(401)
    const store = await copyOf(revokedBefore)
    store.current = { ...store.current!, access_token: 'expired' }
    await expect(callClock(modernSdk, store)).rejects.toSatisfy(modernSdk.isUnauthorized)
  })

  test('switches of before the backup and of before the restore count, and overrides', async () => {
    await vi.waitFor(async () => expect(await statusOf('shop')).toBe(404), IN_FORCE)
    expect(await statusOf('notes')).toBe(404)
    expect(await statusOf('weather')).toBe(200)
    await vi.waitFor(async () => expect(await description()).toBe('What time is it?'), IN_FORCE)
  })

  test('switches after the restore count at once', async () => {
    await operator.do('POST', '/servers/weather/disable', {})
    await vi.waitFor(async () => expect(await statusOf('weather')).toBe(404), IN_FORCE)
    await operator.do('POST', '/servers/shop/enable', {})
    await vi.waitFor(async () => expect(await statusOf('shop')).toBe(200), IN_FORCE)
  })

  test('the history has what was before the backup, since the loss, and the restore', async () => {
    const { changes } = await operator.do('GET', '/history')
    const lines = changes.map(({ action, server, note }: Record<string, string>) =>
      [action, server, note].filter(Boolean).join(' '),
    )
    expect(lines).toContain('disable shop before the backup')
    expect(lines).toContain('disable notes before the restore')
    expect(lines.some((line: string) => /^restore .*: \d+ servers$/.test(line))).toBe(true)
    const ids = changes.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('a second time changes nothing, nor brings back what was ended since', async () => {
    const { sdk, store } = stores.get('the 2025 SDK')!
    await revoke(revokedAfter)
    await apiKeyJson(platform, 'revoke', key.id, '--yes')
    expect(await restored()).toMatchObject({ written: expect.any(Number) })
    expect(await statusOf('shop')).toBe(200)
    expect(await statusOf('weather')).toBe(404)
    expect(await callWith(key.key)).toBe(401)
    const ended = await copyOf(revokedAfter)
    ended.current = { ...ended.current!, access_token: 'expired' }
    await expect(callClock(legacySdk, ended)).rejects.toSatisfy(legacySdk.isUnauthorized)
    await refresh(sdk, store)
  })
})

/** With nothing of the original changed when the SDK drops what is refused. */
async function copyOf({ current, client, fetch }: MemoryOAuthStore): Promise<MemoryOAuthStore> {
  const copy = new MemoryOAuthStore(REDIRECT_URI, fetch)
  copy.client = client
  copy.current = { ...current! }
  return Promise.resolve(copy)
}

test('no draft of a file is left', () => expect(existsSync(`${file}.part`)).toBe(false))
