/** What real clients do that no specification asks of them (DESIGN §5): one test each. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approve, begin, discover, redeem, refresh, registerClient } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern, send } from './_wire.ts'

let platform: Platform
let clock: string
beforeAll(async () => {
  platform = await startPlatform()
  clock = platform.mcpUrl('clock').href
  await fetch(clock, { method: 'POST' })
})
afterAll(() => platform.close())

const newPerson = () => new Person(platform.origin)
const get = (path: string, method = 'GET') =>
  fetch(platform.origin + path, { method, redirect: 'manual' })

test.each([
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/clock/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/clock/mcp',
])(
  'metadata is found at %s, by GET and HEAD, and tempts nobody to ask for all scopes',
  async (path) => {
    const document = (await (await get(path)).json()) as Record<string, unknown>
    expect(document['issuer']).toBe(platform.origin)
    expect(document).not.toHaveProperty('scopes_supported')
    expect((await get(path, 'HEAD')).status).toBe(200)
  },
)

test('a well-known document nobody has is a JSON 404, not a page', async () => {
  const answer = await get('/.well-known/oauth-protected-thing')
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toContain('application/json')
})

test('a client that ignores metadata finds /register, /authorize and /token', async () => {
  const as = await discover(platform.origin)
  const guessed = {
    ...as,
    registration_endpoint: `${platform.origin}/register`,
    token_endpoint: `${platform.origin}/token`,
  }
  const flow = await begin(platform.origin, { resource: clock }, await registerClient(guessed))
  flow.authorizeUrl.pathname = '/authorize'
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const tokens = await redeem({ ...flow, as: guessed }, callback)
  expect(decodeJwt(tokens.access_token).aud).toBe(clock)
})

test('a client that registers anew for each sign-in: nothing is kept of registrations, and older sign-ins live on', async () => {
  const objects = platform.worker('mcp-edge-objects')
  const before = (await objects.listDurableObjectIds('GrantStoreObject')).length
  const as = await discover(platform.origin)
  const ids = await Promise.all([1, 2, 3].map(async () => (await registerClient(as)).client_id))
  expect(new Set(ids).size).toBe(3)
  expect(await objects.listDurableObjectIds('GrantStoreObject')).toHaveLength(before)
  const flows = []
  for (let round = 0; round < 2; round += 1) {
    const flow = await begin(platform.origin, { resource: clock })
    const callback = await approve(newPerson(), flow, platform.ownerToken)
    flows.push({ flow, tokens: await redeem(flow, callback) })
  }
  for (const { flow, tokens } of flows) {
    expect((await refresh(flow, String(tokens.refresh_token))).access_token).toBeTruthy()
  }
})

test('a client that never refreshes works for an hour', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const tokens = await redeem(flow, await approve(newPerson(), flow, platform.ownerToken))
  const { iat = 0, exp = 0 } = decodeJwt(tokens.access_token)
  expect(exp - iat).toBe(3_600)
})

test('a client that asks for `openid profile offline_access` gets what the server knows of it', async () => {
  const query = { resource: clock, scope: 'openid profile offline_access' }
  const flow = await begin(platform.origin, query)
  const tokens = await redeem(flow, await approve(newPerson(), flow, platform.ownerToken))
  expect(tokens.scope ?? '').toBe('')
  expect(tokens.refresh_token).toBeTruthy()
})

test.each(['/clock/mcp', '/clock/mcp/', '/clock'])(
  'the server answers at %s, and its 401 names Bearer first',
  async (path) => {
    const got = await send(platform.origin, { path, ...modern('tools/list') })
    expect(got.status).toBe(401)
    expect(String(got.headers['www-authenticate'])).toMatch(/^Bearer .*, DPoP /)
  },
)
