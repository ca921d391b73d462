/** Whatever a stranger sends the authorization server: a refusal, never a 5xx and never a token. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { discover, registerClient } from './_oauth-client.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let clientId: string
beforeAll(async () => {
  platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  clientId = (await registerClient(await discover(platform.origin))).client_id
})
afterAll(() => platform.close())

const PATHS = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration/a/b',
  '/oauth/authorize',
  '/authorize',
  '/oauth/token',
  '/token',
  '/oauth/register',
  '/register',
  '/oauth/revoke',
  '/oauth/jwks',
  '/oauth/callback',
  '/oauth/nothing',
  '/login',
  '/login/owner',
  '/login/idp',
  '/logout',
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']

const FORM = 'application/x-www-form-urlencoded'
const LONG = 'x'.repeat(100_000)
const USER = 'A'.repeat(43)
const BODIES: [string, string | Uint8Array<ArrayBuffer>, string][] = [
  ['nothing', '', FORM],
  ['broken escapes', '%%%=%zz&token=%ff', FORM],
  ['broken UTF-8', new Uint8Array([0xff, 0xfe, 0x3d, 0x00, 0x26]), FORM],
  ['100 kB', LONG, FORM],
  ['JSON null', 'null', 'application/json'],
  [
    'JSON of wrong types',
    '{"redirect_uris":{"a":1},"client_name":[],"grant_types":7}',
    'application/json',
  ],
  ['redirect URIs that are none', '{"redirect_uris":[null,{},"::",""]}', 'application/json'],
  ['a prototype', '{"__proto__":{"redirect_uris":["https://a.example/"]}}', 'application/json'],
  ['multipart', '--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'],
  ['no type', 'grant_type=refresh_token', ''],
  ['fields repeated', 'grant_type=a&grant_type=b&client_id=c&client_id=d&code=1&code=2', FORM],
  ['a grant that is none', `grant_type=authorization_code&code=${USER}:a:b`, FORM],
  ['a user that is none', `grant_type=refresh_token&refresh_token=../..:a:b`, FORM],
  ['a token that is none', 'token=a.b.c', FORM],
  ['a handle that is none', 'handle=%00&decision=approve', FORM],
]

test.each(METHODS)('%s of every path', async (method) => {
  for (const path of PATHS) {
    const response = await fetch(platform.origin + path, { method, redirect: 'manual' })
    expect(response.status, `${method} ${path}`).toBeLessThan(500)
  }
})

test.each(BODIES)('POST of %s to every path', async (_, body, type) => {
  for (const path of PATHS) {
    const headers = { 'content-type': type }
    const init = { method: 'POST', body, headers, redirect: 'manual' } as const
    const response = await fetch(platform.origin + path, init)
    expect(response.status, path).toBeLessThan(500)
    expect(await response.text()).not.toContain('access_token"')
  }
})

test.each([
  '?client_id=%00&redirect_uri=%00',
  '?client_id=https://[::1]/x&redirect_uri=x',
  '?client_id=https://localhost/x.json&redirect_uri=http://localhost/',
  '?client_id=http://169.254.169.254/latest',
  '?client_id=%F0%9F%92%A9&resource=%F0%9F%92%A9',
  '?resource=a&resource=b',
  `?state=${'x'.repeat(9_000)}`,
  '?%%%',
])('GET /oauth/authorize%s', async (query) => {
  const url = `${platform.origin}/oauth/authorize${query}`
  const response = await fetch(url, { redirect: 'manual' })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
})

test.each(['Basic', 'Basic !!!', 'Basic Og==', 'Basic JTpy', 'Bearer x', 'DPoP x'])(
  'token and revoke with Authorization: %s',
  async (authorization) => {
    for (const path of ['/oauth/token', '/oauth/revoke']) {
      const body = new URLSearchParams({ grant_type: 'refresh_token', token: 'a.b.c' })
      const headers = { authorization }
      const response = await fetch(platform.origin + path, { method: 'POST', body, headers })
      expect(response.status, path).toBeGreaterThanOrEqual(400)
      expect(response.status, path).toBeLessThan(500)
    }
  },
)

test.each(['x', 'a.b', '../../x', '%', ';;==;', 'a'.repeat(6_000)])(
  'cookies that are none of ours: %s',
  async (value) => {
    const cookie = `__Host-mcp-edge-session=${value}; __Host-mcp-edge-sign-in=${value}`
    for (const path of ['/login', '/oauth/callback?code=a&state=b', '/login/idp']) {
      const response = await fetch(platform.origin + path, {
        headers: { cookie },
        redirect: 'manual',
      })
      expect(response.status, path).toBeLessThan(500)
    }
  },
)

test('the authorize URL of a registered client, one parameter broken at a time', async () => {
  const good = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1:3000/callback',
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
    resource: platform.mcpUrl('clock').href,
    scope: 'a b',
  }
  for (const name of Object.keys(good)) {
    for (const bad of ['', '\u0000', '😀', '%', `"'<>\\`, 'x'.repeat(4_000)]) {
      const query = new URLSearchParams({ ...good, [name]: bad })
      const url = `${platform.origin}/oauth/authorize?${query.toString()}`
      const response = await fetch(url, { redirect: 'manual' })
      expect(response.status, `${name}=${bad.slice(0, 9)}`).toBeLessThan(500)
    }
  }
})
