/** Client ID Metadata Documents: the client id is a URL that says what the client is. */
import { SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
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
import { decide, inputs, Person, signInAsOwner, wordsIn } from './_person.ts'
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

/** All that the platform asks over https is answered here. @returns the addresses it asked for */
function internet(answers: Record<string, () => Response>): string[] {
  const real = globalThis.fetch
  const asked: string[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (url.startsWith('http://')) return real(input, init)
    asked.push(url)
    return Promise.resolve(answers[url]?.() ?? new Response('nothing here', { status: 404 }))
  })
  return asked
}

/** What the internet answers at `url`. */
const publish = (url: string, answer: () => Response): string[] => internet({ [url]: answer })

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
  expect(wordsIn(consent.html)).toContain('Allow an app of client.example to use clock?')
  expect(wordsIn(consent.html)).toContain('Published byclient.example')
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

describe('a document counts only as the draft has it (§4, §5)', () => {
  const document = (url: string, init?: ResponseInit) => () =>
    Response.json({ ...DOCUMENT, client_id: url, redirect_uris: [REDIRECT_URI] }, init)

  test.each([301, 302, 303, 307, 308])(
    'a redirect (%i) to a document of somebody else is not followed',
    async (status) => {
      const url = `https://trusted.example/go-${status}`
      const evil = 'https://evil.example/app.json'
      const asked = internet({
        [url]: () => new Response(null, { status, headers: { location: evil } }),
        [evil]: document(url),
      })
      const { authorizeUrl } = await beginAs(url)
      const page = await new Person(platform.origin).open(authorizeUrl)
      expect(page).toMatchObject({ status: 400, url: authorizeUrl.href })
      expect(page.html).toContain('no redirect')
      expect(asked).toEqual([url])
    },
  )

  test.each(['text/html', 'text/plain', 'application/octet-stream', 'application/jsonp'])(
    'the content type %s is none of a document',
    async (type) => {
      const url = `https://client.example/typed-${type.replace('/', '-')}`
      publish(url, document(url, { headers: { 'content-type': type } }))
      const page = await new Person(platform.origin).open((await beginAs(url)).authorizeUrl)
      expect(page.status).toBe(400)
      expect(page.html).toContain('content type application/json')
    },
  )

  test.each([201, 203])('the status %i is none of a document', async (status) => {
    const url = `https://client.example/status-${status}`
    publish(url, document(url, { status }))
    const page = await new Person(platform.origin).open((await beginAs(url)).authorizeUrl)
    expect(page.status).toBe(400)
  })

  test('a more specific JSON type is one', async () => {
    const url = 'https://client.example/specific'
    const headers = { 'content-type': 'application/oauth-client+json; charset=utf-8' }
    publish(url, document(url, { headers }))
    const page = await new Person(platform.origin).open((await beginAs(url)).authorizeUrl)
    expect(page.status).toBe(200)
    expect(new URL(page.url).pathname).toBe('/login/owner')
  })

  test('a failure is not kept, whatever it says of its age', async () => {
    const url = 'https://client.example/late.json'
    const headers = { 'cache-control': 'public, max-age=3600' }
    let answer = () => new Response('not yet', { status: 404, headers })
    publish(url, () => answer())
    const { authorizeUrl } = await beginAs(url)
    expect((await new Person(platform.origin).open(authorizeUrl)).status).toBe(400)
    answer = document(url)
    expect((await new Person(platform.origin).open(authorizeUrl)).status).toBe(200)
  })

  test('a document is kept as long as it says', async () => {
    const url = 'https://client.example/kept.json'
    const asked = publish(url, document(url, { headers: { 'cache-control': 'max-age=600' } }))
    const { authorizeUrl } = await beginAs(url)
    for (let time = 0; time < 3; time += 1) await new Person(platform.origin).open(authorizeUrl)
    expect(asked).toEqual([url])
  })
})

describe('a client id that is no public https address is never fetched', () => {
  test.each([
    ['http://client.example/app.json', 'must begin with https://'],
    ['https://127.0.0.1/app.json', 'not an IP address'],
    ['https://2130706433/app.json', 'not an IP address'],
    ['https://0177.0.0.1/app.json', 'not an IP address'],
    ['https://[::1]/app.json', 'not an IP address'],
    ['https://[::ffff:10.0.0.1]/app.json', 'not an IP address'],
    ['https://localhost/app.json', 'must be a public name'],
    ['https://localhost./app.json', 'must be a public name'],
    ['https://metadata.google.internal/app.json', 'must be a public name'],
    ['https://printer.local/app.json', 'must be a public name'],
    ['https://intranet/app.json', 'must be a public name'],
    ['https://user@client.example/app.json', 'user name'],
    ['https://client.example/app.json#x', 'fragment'],
    ['https://client.example:8443/app.json', 'standard port'],
    ['https://client.example/a/../app.json', 'must be written as https://client.example/app.json'],
    ['https://client.example:443/app.json', 'must be written as https://client.example/app.json'],
  ])('%s', async (clientId, sentence) => {
    const asked = internet({})
    const { authorizeUrl } = await beginAs(clientId)
    const page = await new Person(platform.origin).open(authorizeUrl)
    expect(page).toMatchObject({ status: 400, url: authorizeUrl.href })
    expect(page.html).toContain('The client id is a URL that cannot be used.')
    expect(page.html).toContain(sentence)
    // The token endpoint looks clients up, too.
    const fields = { grant_type: 'refresh_token', refresh_token: 'a:b:c', client_id: clientId }
    const answer = await postForm(platform, '/oauth/token', fields)
    expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client'])
    expect(asked).toEqual([])
  })
})

test.each([
  ['at no public address', 'https://keys.internal/jwks', []],
  ['behind a redirect', 'https://client.example/jwks', ['https://client.example/jwks']],
])('keys of a client that are %s count for nothing', async (where, jwksUri, expected) => {
  const url = `https://client.example/keys-${where.replaceAll(' ', '-')}.json`
  const key = await newMachineKey()
  const keySet = { keys: [{ ...key.publicJwk, alg: 'ES256', use: 'sig', kid: 'k' }] }
  const elsewhere = 'https://evil.example/jwks'
  const asked = internet({
    [url]: () =>
      Response.json({
        ...DOCUMENT,
        client_id: url,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks_uri: jwksUri,
      }),
    'https://keys.internal/jwks': () => Response.json(keySet),
    'https://client.example/jwks': () => Response.redirect(elsewhere, 302),
    [elsewhere]: () => Response.json(keySet),
  })
  const answer = await postForm(platform, '/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: 'a:b:c',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await new SignJWT(assertionClaims(platform.origin, url))
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'JWT' })
      .sign(key.privateKey),
  })
  expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client'])
  expect([...new Set(asked)]).toEqual([url, ...expected])
})

test.each([
  'about:blank',
  'ms-msdt:/id',
  'https:evil.example',
  'https://evil.example\\@client.example/',
  'cursor://anysphere.cursor-deeplink/mcp/install?name=x',
])('a document may list %s; a request is sent nowhere there', async (uri) => {
  const url = `https://client.example/lists-${encodeURIComponent(uri).length}.json`
  publish(url, () =>
    Response.json({ ...DOCUMENT, client_id: url, redirect_uris: [REDIRECT_URI, uri] }),
  )
  const flow = await beginAs(url)
  flow.authorizeUrl.searchParams.set('redirect_uri', uri)
  const person = new Person(platform.origin)
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  const page = await person.open(flow.authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
  expect(inputs(page.html, 'handle')).toEqual([])
})

test('a domain that published an app is not trusted with errors: a page before sign-in (RFC 9700 §4.11.2)', async () => {
  const url = 'https://client.example/errs.json'
  const callback = 'https://client.example/callback'
  publish(url, () => Response.json({ ...DOCUMENT, client_id: url, redirect_uris: [callback] }))
  const { authorizeUrl } = await beginAs(url, { redirect_uri: callback, response_type: 'token' })
  const page = await new Person(platform.origin).open(authorizeUrl)
  expect(page).toMatchObject({ status: 400, url: authorizeUrl.href })
  expect(page.html).toContain('<strong>client.example</strong>')
  expect(page.html).not.toContain(callback)
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
