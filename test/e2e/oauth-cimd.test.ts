/** Client ID Metadata Documents: the client id is a URL that says what the client is. */
import { SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { codeForm } from './_dpop.ts'
import { assertionClaims, ASSERTION_TYPE, newMachineKey, postForm } from './_machines.ts'
import {
  approve,
  begin,
  consentPageOf,
  redeem,
  REDIRECT_URI,
  refresh,
  requestResource,
  revokeToken,
  type Flow,
  type Proving,
} from './_oauth-client.ts'
import { decide, Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern } from './_wire.ts'

const CLIENT_ID = 'https://client.example/app.json'
const DOCUMENT = {
  client_id: CLIENT_ID,
  client_name: 'Documented client',
  redirect_uris: [REDIRECT_URI],
  token_endpoint_auth_method: 'none',
}

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(() => platform.close())
afterEach(() => vi.restoreAllMocks())

/** What the internet answers at `url`. */
function publish(url: string, answer: () => Response): void {
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    const asked = input instanceof Request ? input.url : String(input)
    return asked === url ? Promise.resolve(answer()) : real(input, init)
  })
}

const beginAs = (clientId: string, query: Record<string, string> = {}) =>
  begin(
    platform.origin,
    { resource: platform.mcpUrl('clock').href, ...query },
    { client_id: clientId },
  )

const signedIn = (flow: Flow) => approve(new Person(platform.origin), flow, platform.ownerToken)

const proving = async () => ({ DPoP: oauth.DPoP({}, await oauth.generateKeyPair('ES256')) })

test('the consent page names the domain that published the client; no registration is needed', async () => {
  publish(CLIENT_ID, () => Response.json(DOCUMENT))
  const flow = await beginAs(CLIENT_ID)
  const person = new Person(platform.origin)
  const consent = await consentPageOf(person, flow, platform.ownerToken)
  expect(consent.html).toContain('Documented client')
  expect(consent.html).toContain('published by client.example')
  expect(consent.html).toContain('app on your own computer')
  const done = await decide(person, consent, 'approve')
  await expect(redeem(flow, done.leftFor as URL)).resolves.toHaveProperty('refresh_token')
})

test.each([
  ['with a key, and dpop_jkt', 'dpop'],
  ['without a key', 'bearer'],
])('the whole way %s: PKCE, token, call, refresh, revoke', async (_, tokenType) => {
  const url = `https://client.example/${tokenType}.json`
  publish(url, () => Response.json({ ...DOCUMENT, client_id: url }))
  const key: Proving = tokenType === 'dpop' ? await proving() : {}
  const jkt = await key.DPoP?.calculateThumbprint()
  const flow = await beginAs(url, jkt === undefined ? {} : { dpop_jkt: jkt })
  const tokens = await redeem(flow, await signedIn(flow), key)
  expect(tokens.token_type).toBe(tokenType)
  const renewed = await refresh(flow, String(tokens.refresh_token), key)
  const wire = modern('tools/call', { name: 'now', arguments: {} })
  const mcp = platform.mcpUrl('clock')
  expect((await requestResource(renewed.access_token, mcp, wire, key)).status).toBe(200)
  await revokeToken(flow, String(renewed.refresh_token))
  const again = refresh(flow, String(renewed.refresh_token), key)
  await expect(again).rejects.toMatchObject({ error: 'invalid_grant' })
})

test('the refresh token of a documented public client is bound to its key (RFC 9449 §5)', async () => {
  const url = 'https://client.example/public.json'
  publish(url, () => Response.json({ ...DOCUMENT, client_id: url }))
  const flow = await beginAs(url)
  const tokens = await redeem(flow, await signedIn(flow), await proving())
  const token = String(tokens.refresh_token)
  await expect(refresh(flow, token)).rejects.toMatchObject({ error: 'invalid_dpop_proof' })
  const stolen = refresh(flow, token, await proving())
  await expect(stolen).rejects.toMatchObject({ error: 'invalid_grant' })
})

test('that of one with a key of its own is not: it authenticates (RFC 9449 §5)', async () => {
  const url = 'https://client.example/authenticates.json'
  const own = await newMachineKey()
  publish(url, () =>
    Response.json({
      ...DOCUMENT,
      client_id: url,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...own.publicJwk, alg: 'ES256', kid: 'k' }] },
    }),
  )
  const authentication = oauth.PrivateKeyJwt({ key: own.privateKey, kid: 'k' })
  const flow = { ...(await beginAs(url)), authentication }
  const tokens = await redeem(flow, await signedIn(flow), await proving())
  const renewed = await refresh(flow, String(tokens.refresh_token), await proving())
  expect(renewed.token_type).toBe('dpop')
})

test.each([
  ['is not there', () => new Response('no', { status: 404 })],
  [
    'names another client id',
    () => Response.json({ ...DOCUMENT, client_id: 'https://x.example/a' }),
  ],
  ['is not JSON', () => new Response('<h1>', { headers: { 'content-type': 'text/html' } })],
  ['is too large', () => Response.json({ ...DOCUMENT, filler: 'x'.repeat(10_000) })],
  [
    'lists another redirect URI',
    () => Response.json({ ...DOCUMENT, redirect_uris: ['https://o.example/'] }),
  ],
])('a document that %s: a page, never a redirect', async (why, answer) => {
  const url = `https://client.example/${why.replaceAll(' ', '-')}.json`
  publish(url, answer)
  const flow = await beginAs(url)
  const page = await new Person(platform.origin).open(flow.authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
})

test('a document may list any redirect URI; a request gets no code sent to about: (DESIGN §5)', async () => {
  const url = 'https://client.example/about.json'
  publish(url, () =>
    Response.json({ ...DOCUMENT, client_id: url, redirect_uris: [REDIRECT_URI, 'about:blank'] }),
  )
  const flow = await beginAs(url)
  flow.authorizeUrl.searchParams.set('redirect_uri', 'about:blank')
  const page = await new Person(platform.origin).open(flow.authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
})

test('a documented client with a key signs in by private_key_jwt, each assertion once (RFC 7523 §3)', async () => {
  const url = 'https://client.example/with-a-key.json'
  const key = await newMachineKey()
  publish(url, () =>
    Response.json({
      ...DOCUMENT,
      client_id: url,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...key.publicJwk, alg: 'ES256', use: 'sig', kid: 'k' }] },
    }),
  )
  const flow = await beginAs(url)
  const done = await signedIn(flow)
  const { client_id: _, ...code } = codeForm(flow, done)
  const assertion = async () => ({
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await new SignJWT(assertionClaims(platform.origin, url))
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'JWT' })
      .sign(key.privateKey),
  })
  const first = await assertion()
  const redeemed = await postForm(platform, '/oauth/token', { ...code, ...first })
  expect([redeemed.status, redeemed.json['error']]).toEqual([200, undefined])
  const refreshing = {
    grant_type: 'refresh_token',
    refresh_token: String(redeemed.json['refresh_token']),
  }
  const replayed = await postForm(platform, '/oauth/token', { ...refreshing, ...first })
  expect([replayed.status, replayed.json['error']]).toEqual([401, 'invalid_client'])
  const again = { ...refreshing, ...(await assertion()) }
  const answers = await Promise.all([1, 2].map(() => postForm(platform, '/oauth/token', again)))
  const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
  expect(statuses[0]).toBe(200)
  expect(statuses[1]).toBeGreaterThanOrEqual(400)
  expect(statuses[1]).toBeLessThan(500)
})
