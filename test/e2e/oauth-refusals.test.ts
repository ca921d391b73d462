/** What the authorization server refuses, and how: page, redirect or JSON, with the right code. */
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  approve,
  begin,
  consentPageOf,
  discover,
  redeem,
  REDIRECT_URI,
  refresh,
  registerClient,
} from './_oauth-client.ts'
import { decide, inputs, Person, signInAsOwner, wordsIn } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let clock: string
beforeAll(async () => {
  platform = await startPlatform()
  clock = platform.mcpUrl('clock').href
  await fetch(clock, { method: 'POST' })
})
afterAll(() => platform.close())

const newPerson = () => new Person(platform.origin)

const postForm = (path: string, fields: Record<string, string>) =>
  fetch(platform.origin + path, { method: 'POST', body: new URLSearchParams(fields) })

const registerRaw = (body: string, type = 'application/json') =>
  fetch(`${platform.origin}/oauth/register`, {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  })

test.each([
  ['unknown', () => 'nobody'],
  ['tampered', (id: string) => `${id.slice(0, -2)}AA`],
  ['of another sealing key', (id: string) => id.replace('dcr_', 'dcr_zz')],
  ['far too long', () => `dcr_${'a'.repeat(4_000)}`],
])('a client id that is %s: a page, never a redirect (RFC 6749 §4.1.2.1)', async (_, spoil) => {
  const flow = await begin(platform.origin, { resource: clock })
  flow.authorizeUrl.searchParams.set('client_id', spoil(flow.client.client_id))
  const page = await newPerson().open(flow.authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
})

test.each([
  'https://evil.example/callback',
  'http://127.0.0.1:3000/other',
  'http://127.0.0.1.evil.example:3000/callback',
  'javascript:alert(1)',
  'about:blank',
])('redirect URI %s is not the registered one: a page (RFC 9700 §2.1)', async (uri) => {
  const flow = await begin(platform.origin, { resource: clock, redirect_uri: uri })
  const page = await newPerson().open(flow.authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
})

const ERRORS: [string, Record<string, string>][] = [
  ['invalid_target', { resource: 'https://elsewhere.example/mcp' }],
  ['invalid_request', { code_challenge_method: 'plain' }],
  ['invalid_request', { code_challenge: '', code_challenge_method: '' }],
  ['invalid_request', { code_challenge: 'short' }],
  ['unsupported_response_type', { response_type: 'token' }],
]

/** A client with this redirect URI alone, and a request with it. */
async function beginWith(redirectUri: string, query: Record<string, string>) {
  const metadata = { redirect_uris: [redirectUri] }
  const client = await registerClient(await discover(platform.origin), metadata)
  return begin(platform.origin, { resource: clock, redirect_uri: redirectUri, ...query }, client)
}

async function signedInPerson(): Promise<Person> {
  const person = newPerson()
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  return person
}

test.each(ERRORS)(
  '%s for %o: a page before anybody is known (RFC 9700 §4.11.2)',
  async (_, query) => {
    const flow = await begin(platform.origin, { resource: clock, ...query })
    const page = await newPerson().open(flow.authorizeUrl)
    expect(page.leftFor).toBeUndefined()
    expect(page).toMatchObject({ status: 400, url: flow.authorizeUrl.href })
    expect(page.html).toContain('<strong>127.0.0.1:3000</strong>')
  },
)

test.each(ERRORS)(
  '%s for %o: back to an app on the computer of a signed-in person, with iss and state (RFC 9207)',
  async (error, query) => {
    const flow = await begin(platform.origin, { resource: clock, ...query })
    const page = await (await signedInPerson()).open(flow.authorizeUrl)
    expect(page.leftFor?.href.startsWith(`${REDIRECT_URI}?`)).toBe(true)
    expect(Object.fromEntries(page.leftFor?.searchParams ?? [])).toMatchObject({
      error,
      state: flow.state,
      iss: platform.origin,
    })
  },
)

describe.each([
  ['https://evil.example/phish?x=1', 'evil.example'],
  ['com.evil.app:/callback', 'the app that opens com.evil.app: links'],
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'the app that opens cursor: links'],
])('an error that should go to %s', (uri, destination) => {
  test.each(ERRORS)(
    '%s for %o: named before anybody is known, and not offered',
    async (_, query) => {
      const { authorizeUrl } = await beginWith(uri, query)
      const page = await newPerson().open(authorizeUrl)
      expect(page.leftFor).toBeUndefined()
      expect(page).toMatchObject({ status: 400, url: authorizeUrl.href })
      expect(wordsIn(page.html)).toContain(`wants you to go on to ${destination}. This platform`)
      expect(page.html).toContain('close this page')
      expect(page.html).not.toMatch(/<a |<form|http-equiv|<script/i)
      expect(page.headers.get('refresh')).toBeNull()
    },
  )

  test.each(ERRORS)(
    '%s for %o: a link for a signed-in person, who decides',
    async (error, query) => {
      const { authorizeUrl, state } = await beginWith(uri, query)
      const page = await (await signedInPerson()).open(authorizeUrl)
      expect(page.leftFor).toBeUndefined()
      expect(page.status).toBe(400)
      const [, href = ''] = /<a href="([^"]+)"/.exec(page.html) ?? []
      const link = new URL(href.replaceAll('&amp;', '&'))
      expect(link.href.startsWith(uri)).toBe(true)
      expect(Object.fromEntries(link.searchParams)).toMatchObject({ error, state })
    },
  )
})

test('a server that is not there, after sign-in: the same page', async () => {
  const resource = platform.mcpUrl('nowhere').href
  const { authorizeUrl } = await beginWith('https://evil.example/phish', { resource })
  const page = await (await signedInPerson()).open(authorizeUrl)
  expect(page.leftFor).toBeUndefined()
  expect(page.html).toContain('<strong>evil.example</strong>')
})

test('whether a server exists is said to nobody who has not signed in (DESIGN §4.8)', async () => {
  const known = await begin(platform.origin, { resource: clock })
  const stranger = await newPerson().open(known.authorizeUrl)
  const unknown = await begin(platform.origin, { resource: platform.mcpUrl('nowhere').href })
  const person = newPerson()
  const { url, status, html } = await person.open(unknown.authorizeUrl)
  // Random, another for each sign-in that begins.
  const untagged = (text: string) => text.replace(/(begun=|name="begun" value=")[0-9a-f]{16}/, '')
  expect({ url: untagged(url), status, html: untagged(html) }).toEqual({
    url: untagged(stranger.url),
    status: stranger.status,
    html: untagged(stranger.html),
  })
  const refused = await signInAsOwner(person, platform.origin, platform.ownerToken)
  expect(Object.fromEntries(refused.leftFor?.searchParams ?? [])).toMatchObject({
    error: 'invalid_target',
    state: unknown.state,
    iss: platform.origin,
  })
})

test('two different resources in one request: invalid_target (RFC 8707 §2)', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  flow.authorizeUrl.searchParams.append('resource', platform.mcpUrl('conformance').href)
  const page = await (await signedInPerson()).open(flow.authorizeUrl)
  expect(page.leftFor?.searchParams.get('error')).toBe('invalid_target')
})

test('denied consent: access_denied, and the handle is spent (RFC 6749 §4.1.2.1)', async () => {
  const person = newPerson()
  const flow = await begin(platform.origin, { resource: clock })
  const consent = await consentPageOf(person, flow, platform.ownerToken)
  const denied = await decide(person, consent, 'deny')
  expect(denied.leftFor?.searchParams.get('error')).toBe('access_denied')
  const again = await decide(person, consent, 'approve')
  expect(again).toMatchObject({ status: 409 })
  expect(again.html).toContain('You denied this already')
  expect(again.leftFor).toBeUndefined()
})

test('one consent page, 8 approvals at once: one code, said to each', async () => {
  const person = newPerson()
  const flow = await begin(platform.origin, { resource: clock })
  const consent = await consentPageOf(person, flow, platform.ownerToken)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => decide(person, consent, 'approve')),
  )
  const codes = new Set(answers.map(({ leftFor }) => leftFor?.searchParams.get('code')))
  expect(codes.size).toBe(1)
  await expect(redeem(flow, answers[0]?.leftFor as URL)).resolves.toHaveProperty('access_token')
})

test("consent posted from another site, or from another person's browser, is refused (CSRF)", async () => {
  const person = newPerson()
  const flow = await begin(platform.origin, { resource: clock })
  const consent = await consentPageOf(person, flow, platform.ownerToken)
  const [handle = ''] = inputs(consent.html, 'handle')
  const body = new URLSearchParams({ handle, decision: 'approve' })
  const foreign = await fetch(`${platform.origin}/oauth/authorize`, {
    method: 'POST',
    body,
    redirect: 'manual',
    headers: { origin: 'https://evil.example', cookie: person.cookieHeader() },
  })
  expect(foreign.status).toBe(403)
  const other = newPerson()
  await signInAsOwner(other, platform.origin, platform.ownerToken)
  const stolen = await decide(other, consent, 'approve')
  expect(stolen.status).toBe(400)
})

test('pages cannot be framed, run no script and answer no other origin', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const consent = await consentPageOf(newPerson(), flow, platform.ownerToken)
  const csp = consent.headers.get('content-security-policy')
  expect(csp).toContain("default-src 'none'")
  expect(csp).toContain("frame-ancestors 'none'")
  expect(csp).not.toContain('unsafe')
  expect(consent.headers.get('access-control-allow-origin')).toBeNull()
  expect(consent.headers.get('cache-control')).toBe('no-store')
})

test("a client's name cannot bring markup onto the consent page", async () => {
  const client = await registerClient(await discover(platform.origin), {
    client_name: '<script>alert(1)</script>"onload=x',
  })
  const flow = await begin(platform.origin, { resource: clock }, client)
  const consent = await consentPageOf(newPerson(), flow, platform.ownerToken)
  expect(consent.html).toContain('&lt;script&gt;')
  expect(consent.html).not.toContain('<script')
})

test('a wrong verifier, then the right one: invalid_grant, then a token (RFC 7636 §4.6)', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const wrong = { ...flow, verifier: oauth.generateRandomCodeVerifier() }
  await expect(redeem(wrong, callback)).rejects.toMatchObject({ error: 'invalid_grant' })
  await expect(redeem(flow, callback)).resolves.toHaveProperty('access_token')
})

test('a replayed code: invalid_grant, and what it gave is revoked (OAuth 2.1 §4.1.3)', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const tokens = await redeem(flow, callback)
  await expect(redeem(flow, callback)).rejects.toMatchObject({ error: 'invalid_grant' })
  await expect(refresh(flow, String(tokens.refresh_token))).rejects.toMatchObject({
    error: 'invalid_grant',
  })
})

test('8 parallel redemptions of one code: exactly one token', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => redeem(flow, callback)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test("another client's code: invalid_grant (RFC 6749 §5.2)", async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const thief = await begin(platform.origin, { resource: clock })
  const stolen = { ...flow, client: thief.client }
  await expect(redeem(stolen, callback)).rejects.toMatchObject({ error: 'invalid_grant' })
})

test.each([
  ['unsupported_grant_type', 400, { grant_type: 'password' }],
  ['invalid_grant', 400, { grant_type: 'authorization_code', code: 'a:b:c', code_verifier: 'x' }],
  ['invalid_grant', 400, { grant_type: 'refresh_token', refresh_token: 'nonsense' }],
  ['invalid_request', 400, { grant_type: 'refresh_token' }],
])('token endpoint: %s (%i) for %o (RFC 6749 §5.2)', async (error, status, fields) => {
  const client = await registerClient(await discover(platform.origin))
  const response = await postForm('/oauth/token', { client_id: client.client_id, ...fields })
  expect(response.status).toBe(status)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toMatchObject({ error, error_description: expect.any(String) })
})

test('token endpoint: an unknown client is 401 invalid_client (RFC 6749 §5.2)', async () => {
  const fields = { grant_type: 'refresh_token', refresh_token: 'a:b:c', client_id: 'nobody' }
  const response = await postForm('/oauth/token', fields)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: 'invalid_client' })
})

test.each([
  ['no JSON', 'invalid_client_metadata', '{'],
  ['no object', 'invalid_client_metadata', '[]'],
  ['no redirect URI', 'invalid_client_metadata', '{"client_name":"x"}'],
  ['http elsewhere', 'invalid_redirect_uri', '{"redirect_uris":["http://evil.example/cb"]}'],
  ['javascript:', 'invalid_redirect_uri', '{"redirect_uris":["javascript:alert(1)"]}'],
  ['a fragment', 'invalid_redirect_uri', '{"redirect_uris":["https://a.example/#x"]}'],
  ...[
    ['ms-msdt:/id', 'domain name in reverse'],
    ['search-ms:query=x', 'domain name in reverse'],
    ['intent://x/#Intent;end', 'fragment'],
    ['jar:https://a.example/x', 'domain name in reverse'],
    ['smb://a.example/x', 'domain name in reverse'],
    ['chrome://settings', 'domain name in reverse'],
    ['https:evil.example', 'must be written as https://evil.example/'],
    ['https://evil.example\\@good.example/', 'absolute URI'],
    ['urn:ietf:wg:oauth:2.0:oob', 'domain name in reverse'],
    ['vscode://file/etc/passwd', 'not a callback of the app'],
  ].map(([uri = '', sentence = '']) => [
    uri,
    'invalid_redirect_uri',
    JSON.stringify({ redirect_uris: [uri] }),
    sentence,
  ]),
  [
    'more than a client id holds',
    'invalid_client_metadata',
    JSON.stringify({ redirect_uris: [`https://a.example/${'x'.repeat(3_000)}`] }),
  ],
])(
  'registration with %s: 400 %s (RFC 7591 §3.2.2)',
  async (_, error = '', body = '', sentence = '') => {
    const response = await registerRaw(body)
    expect(response.status).toBe(400)
    const refused = (await response.json()) as { error: string; error_description: string }
    expect(['invalid_request', error]).toContain(refused.error)
    expect(refused.error_description).toContain(sentence)
  },
)

test('Cursor registers the callbacks of all its apps at once; one we do not know is left out (RFC 7591 §3.2.1)', async () => {
  const known = [
    'https://www.cursor.com/agents/mcp/oauth/callback',
    'https://www.cursor.com/bot/mcp/oauth/callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'http://localhost:8787/callback',
  ]
  const unknown = 'next-app://mcp/oauth/callback'
  const metadata = { client_name: 'Cursor', redirect_uris: [unknown, ...known] }
  const response = await registerRaw(JSON.stringify(metadata))
  expect(response.status).toBe(201)
  const client = (await response.json()) as { client_id: string; redirect_uris: string[] }
  expect(client.redirect_uris).toEqual(known)
  for (const [uri, isAllowed] of [
    ['cursor://anysphere.cursor-mcp/oauth/callback', true],
    [unknown, false],
  ] as const) {
    const query = { resource: clock, redirect_uri: uri }
    const flow = await begin(platform.origin, query, client)
    const answer = await fetch(flow.authorizeUrl, { redirect: 'manual' })
    expect(answer.status, uri).toBe(isAllowed ? 303 : 400)
  }
})

test('registration over its bound: 413', async () => {
  const response = await registerRaw(JSON.stringify({ client_name: 'x'.repeat(20_000) }))
  expect(response.status).toBe(413)
})

test('a wrong owner token signs nobody in, and a GET never does', async () => {
  const person = newPerson()
  const wrong = await signInAsOwner(person, platform.origin, 'wrong')
  expect(wrong.status).toBe(403)
  const opened = await person.open(platform.ownerLink)
  expect(opened.html).toContain('name="token"')
  expect(person.cookieHeader()).not.toContain('session')
})

test('cookies of a sign-in are for this origin, out of the reach of scripts and of other sites', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const asked = await fetch(flow.authorizeUrl, { redirect: 'manual' })
  const signedIn = await fetch(`${platform.origin}/login/owner`, {
    method: 'POST',
    body: new URLSearchParams({ token: platform.ownerToken }),
    headers: { origin: platform.origin },
    redirect: 'manual',
  })
  const cookies = [...asked.headers.getSetCookie(), ...signedIn.headers.getSetCookie()]
  expect(cookies.map((cookie) => cookie.split('=')[0])).toEqual(
    expect.arrayContaining(['__Host-mcp-edge-sign-in', '__Host-mcp-edge-session']),
  )
  for (const cookie of cookies) {
    const attributes = cookie.split('; ').slice(1)
    expect(attributes).toEqual(
      expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']),
    )
    expect(cookie).not.toContain('Domain')
  }
})
