/** API keys: made by one command, known by a hash, and the same `Principal` as any other way in. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeApiKey } from '#shared/identity/api-key.ts'
import { apiKeyCommand, apiKeyJson, type Shown } from './_api-key.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { legacySdk, modernSdk } from './_sdk.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send, type Got } from './_wire.ts'

/** DESIGN §2: in force within 10 s in a busy isolate. */
const REVOCATION_BOUND_MS = 10_000

let platform: Platform
let ci: Shown
beforeAll(async () => {
  platform = await startPlatform({
    authorServers: ['test/servers/identity', 'test/servers/vault'],
    vars: { oauth: { API_KEYS: 'on' } },
  })
  for (const server of ['identity', 'vault', 'clock']) {
    await fetch(platform.mcpUrl(server), { method: 'POST' })
  }
  ci = await make('--name', 'CI', '--server', 'identity', '--scope', 'desk:read')
})
afterAll(() => platform.close())

const make = (...args: string[]) => apiKeyJson(platform, 'create', '--subject', 'ci-bot', ...args)

async function call(
  token: string,
  tool = 'whoami',
  { server = 'identity', scheme = 'Bearer', era = modern } = {},
): Promise<Got> {
  const { headers, body } = era('tools/call', { name: tool, arguments: {} })
  const all = { ...headers, authorization: `${scheme} ${token}` }
  return send(platform.origin, { path: `/${server}/mcp`, headers: all, body })
}

test('a key acts as its subject, in its tenant, with its scopes, in both eras', async () => {
  for (const era of [modern, legacy]) {
    const { message } = await call(ci.key, 'whoami', { era })
    expect(JSON.parse(message.result?.content?.[0]?.text ?? '')).toEqual({
      subject: 'ci-bot',
      tenant: 'default',
      clientId: `api-key:${ci.id}`,
      scopes: ['desk:read'],
    })
  }
  expect((await call(ci.key, 'read_desk')).status).toBe(200)
  expect((await call(ci.key, 'clear_desk')).status).toBe(403)
})

test.each([legacySdk, modernSdk])('$title takes one as a header', async (sdk) => {
  const withKey: typeof fetch = (url, init) => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${ci.key}`)
    return fetch(url, { ...init, headers })
  }
  const { MemoryOAuthStore } = await import('./_sdk.ts')
  const store = new MemoryOAuthStore(undefined, withKey)
  const connection = await sdk.connect(platform.mcpUrl('identity'), store)
  expect((await connection.call('read_desk', {})).text).toBe('papers')
  await connection.close()
})

describe('is refused', () => {
  const refused = async (got: Promise<Got>, error = 'invalid_token') => {
    const { status, headers } = await got
    expect(status).toBe(401)
    expect(String(headers['www-authenticate'])).toContain(`error="${error}"`)
  }
  test('at a server it is not for', () => refused(call(ci.key, 'now', { server: 'clock' })))
  test('under the DPoP scheme', () => refused(call(ci.key, 'whoami', { scheme: 'DPoP' })))
  test('where the server asks for bound tokens', async () => {
    const everywhere = await make('--name', 'everywhere', '--all-servers')
    expect((await call(everywhere.key)).status).toBe(200)
    await refused(call(everywhere.key, 'look', { server: 'vault' }))
  })
  test('when nobody made it', async () => refused(call((await makeApiKey()).key)))
  test('with one character else', () => refused(call(`${ci.key.slice(0, -1)}_`)))
  test('with the id of a key and another secret (its hash is what counts)', async () => {
    const other = await make('--name', 'other', '--server', 'clock')
    const mixed = ci.key.slice(0, 21) + other.key.slice(21)
    await refused(call(mixed))
  })
})

test('a revoked key is refused within the feed’s bound, without a word to the isolate that knew it', async () => {
  const doomed = await make('--name', 'doomed', '--server', 'identity')
  expect((await call(doomed.key)).status).toBe(200)
  await apiKeyCommand(platform, 'revoke', doomed.id, '--yes')
  await vi.waitFor(async () => expect((await call(doomed.key)).status).toBe(401), {
    timeout: 2 * REVOCATION_BOUND_MS,
    interval: 200,
  })
})

test('rotation: a successor of the same rights, and both count for the overlap', async () => {
  const old = await make('--name', 'rotated', '--server', 'identity', '--scope', 'desk')
  const next = await apiKeyJson(platform, 'rotate', old.id, '--overlap', '10m')
  expect(next).toMatchObject({ name: 'rotated', subject: 'ci-bot', scopes: ['desk'] })
  expect(next.id).not.toBe(old.id)
  expect((await call(old.key, 'clear_desk')).status).toBe(200)
  expect((await call(next.key, 'clear_desk')).status).toBe(200)
  const keys = JSON.parse(await apiKeyCommand(platform, 'list', '--json')) as Shown[]
  expect(keys.find(({ id }) => id === old.id)).toMatchObject({ rotatedTo: next.id })
})

test('the list shows who may do what until when, and no key', async () => {
  const table = await apiKeyCommand(platform, 'list')
  expect(table).toMatch(new RegExp(`${ci.id} +CI +default/ci-bot +identity +desk:read`))
  expect(table).not.toContain(ci.key)
})

test('nothing at rest tells a key: only its hash is kept', async () => {
  const { API_KEYS_STORE } = await platform.worker('mcp-edge-oauth').getEnv()
  const namespace = API_KEYS_STORE as DurableObjectNamespace
  const listed = await (
    namespace.getByName('api-keys') as unknown as { list(): Promise<unknown[]> }
  ).list()
  const text = JSON.stringify(listed)
  expect(text).toContain(ci.id)
  expect(text).not.toContain(ci.key.slice(21))
  expect(platform.logs().join('\n')).not.toContain(ci.key)
})

describe('the admin endpoint', () => {
  const path = '/oauth/api-keys'
  const ask = async (authorization: string | undefined) =>
    send(platform.origin, { method: 'GET', path, headers: { authorization } })
  const audience = () => new URL(path, platform.origin)

  test('is for operators: no token, no list', async () => {
    expect((await ask(undefined)).status).toBe(401)
  })
  test.each([
    [
      'of a person, for a server',
      () => mintToken(platform.mcpUrl('identity'), { scope: 'api-keys:admin' }),
    ],
    ['without the scope', () => mintToken(audience(), { scope: 'desk' })],
    ['that has expired', () => mintToken(audience(), { scope: 'api-keys:admin', exp: 1 })],
    ['that is an API key', async () => ci.key],
  ])('a token %s is refused', async (_, token) => {
    expect((await ask(`Bearer ${await token()}`)).status).toBe(401)
  })

  const good = {
    name: 'x',
    tenant: 'default',
    subject: 'x',
    scopes: [],
    servers: [],
    lifetimeSeconds: 60,
  }
  test.each([
    ['a subject the platform acts under', { subject: 'platform' }],
    ['a tenant the platform acts under', { tenant: 'platform' }],
    ['a scope with a quote', { scopes: ['a"b'] }],
    ['more than a year', { lifetimeSeconds: 10 * 366 * 86_400 }],
    ['a server that can be none', { servers: ['../x'] }],
    ['a member nobody knows', { admin: true }],
  ])('%s makes no key', async (_, change) => {
    const token = await mintToken(audience(), { scope: 'api-keys:admin' })
    const { id, hash } = await makeApiKey()
    const got = await send(platform.origin, {
      path,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...good, id, hash, ...change }),
    })
    expect(got.status).toBe(400)
  })
})

test('off unless configured: the same key counts for nothing, and the command says so', async () => {
  await using off = await startPlatform({ authorServers: ['test/servers/identity'] })
  const made = await apiKeyJson(off, 'create', '--name', 'x', '--subject', 'x', '--all-servers')
  const { headers, body } = modern('tools/call', { name: 'whoami', arguments: {} })
  const all = { ...headers, authorization: `Bearer ${made.key}` }
  const got = await send(off.origin, { path: '/identity/mcp', headers: all, body })
  expect(got.status).toBe(401)
})

test.each([
  [['create', '--name', 'x', '--subject', 'x'], 'Name the servers'],
  [['create', '--server', 'clock'], '--name and --subject'],
  [
    ['create', '--name', 'x', '--subject', 'x', '--server', 'clock', '--expires', 'soon'],
    'duration',
  ],
  [['revoke', 'x'], 'Give the id'],
  [['revoke', '0'.repeat(16), '--yes'], 'There is no such key'],
  [['explode'], 'There is no command'],
])('npm run api-key -- %j: one screen, and a code that is not 0', async (args, words) => {
  await expect(apiKeyCommand(platform, ...args)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(words) as string,
  })
})
