/** The authorization server's good path, judged by oauth4webapi. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  approve,
  begin,
  consentPageOf,
  discover,
  INSECURE,
  redeem,
  refresh,
  registerClient,
  revokeToken,
} from './_oauth-client.ts'
import { decide, inputs, Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let clock: string
beforeAll(async () => {
  platform = await startPlatform()
  clock = platform.mcpUrl('clock').href
  // A client's first request: the router discovers the server (DESIGN §2).
  await fetch(clock, { method: 'POST' })
  await fetch(platform.mcpUrl('conformance'), { method: 'POST' })
})
afterAll(() => platform.close())

const newPerson = () => new Person(platform.origin)

test('metadata names S256, iss, CIMD and no scopes (RFC 8414, RFC 9207)', async () => {
  const as = await discover(platform.origin)
  expect(as).toMatchObject({
    issuer: platform.origin,
    authorization_endpoint: `${platform.origin}/oauth/authorize`,
    token_endpoint: `${platform.origin}/oauth/token`,
    registration_endpoint: `${platform.origin}/oauth/register`,
    revocation_endpoint: `${platform.origin}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: expect.arrayContaining(['none']) as string[],
    jwks_uri: `${platform.origin}/oauth/jwks`,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  })
  expect(as).not.toHaveProperty('scopes_supported')
  expect(as).not.toHaveProperty('protected_resources')
})

test.each([
  '/.well-known/oauth-authorization-server/clock/mcp',
  '/.well-known/openid-configuration',
])('metadata is also at %s', async (path) => {
  const response = await fetch(platform.origin + path)
  expect(await response.json()).toMatchObject({ issuer: platform.origin })
})

test('register, sign in, consent, token, refresh, revoke (OAuth 2.1, RFC 7591, 7636, 9207)', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  expect(callback.searchParams.get('iss')).toBe(platform.origin)

  const tokens = await redeem(flow, callback)
  const jwks = createRemoteJWKSet(new URL(String(flow.as.jwks_uri)))
  const { payload } = await jwtVerify(tokens.access_token, jwks, {
    issuer: platform.origin,
    audience: clock,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  })
  expect(payload).toMatchObject({ client_id: flow.client.client_id, tenant: 'default' })
  expect(payload.sub).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(payload['gid']).toBeTypeOf('string')
  expect(tokens.expires_in).toBe(3600)

  const renewed = await refresh(flow, String(tokens.refresh_token))
  expect(renewed.access_token).not.toBe(tokens.access_token)
  await revokeToken(flow, String(renewed.refresh_token))
  await expect(refresh(flow, String(renewed.refresh_token))).rejects.toMatchObject({
    error: 'invalid_grant',
  })
})

test('revoking an access token ends its grant (RFC 7009 §2.1)', async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const tokens = await redeem(flow, await approve(newPerson(), flow, platform.ownerToken))
  await revokeToken(flow, tokens.access_token)
  await expect(refresh(flow, String(tokens.refresh_token))).rejects.toMatchObject({
    error: 'invalid_grant',
  })
})

test("another client's access token is not revoked, and the answer does not say so (RFC 7009 §2.2)", async () => {
  const flow = await begin(platform.origin, { resource: clock })
  const tokens = await redeem(flow, await approve(newPerson(), flow, platform.ownerToken))
  const stranger = await begin(platform.origin, { resource: clock })
  await revokeToken(stranger, tokens.access_token)
  await expect(refresh(flow, String(tokens.refresh_token))).resolves.toHaveProperty('access_token')
})

test('a confidential client authenticates by its secret (RFC 6749 §2.3.1)', async () => {
  const as = await discover(platform.origin)
  const client = await registerClient(as, { token_endpoint_auth_method: 'client_secret_basic' })
  const flow = await begin(platform.origin, { resource: clock }, client)
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const forged = { ...flow, authentication: oauth.ClientSecretBasic('wrong') }
  await expect(redeem(forged, callback)).rejects.toThrow()
  await expect(redeem(flow, callback)).resolves.toHaveProperty('access_token')
})

test('a client that registers the code grant only gets no refresh token (RFC 7591 §2)', async () => {
  const as = await discover(platform.origin)
  const client = await registerClient(as, { grant_types: ['authorization_code'] })
  const flow = await begin(platform.origin, { resource: clock }, client)
  const tokens = await redeem(flow, await approve(newPerson(), flow, platform.ownerToken))
  expect(tokens).not.toHaveProperty('refresh_token')
})

test('two devices of one client stay signed in side by side', async () => {
  const person = newPerson()
  const first = await begin(platform.origin, { resource: clock })
  const one = await redeem(first, await approve(person, first, platform.ownerToken))
  const second = await begin(platform.origin, { resource: clock }, first.client)
  await redeem(second, await approve(person, second, platform.ownerToken))
  await expect(refresh(first, String(one.refresh_token))).resolves.toHaveProperty('access_token')
})

test.each([
  ['a trailing slash', (url: string) => `${url}/`],
  ['the host in capitals', (url: string) => url.replace('localhost', 'LOCALHOST')],
  ['no /mcp', (url: string) => url.replace(/\/mcp$/, '')],
])('a resource with %s is the same resource (RFC 8707)', async (_, spell) => {
  const flow = await begin(platform.origin, { resource: spell(clock) })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  const parameters = oauth.validateAuthResponse(flow.as, flow.client, callback, flow.state)
  const answer = await oauth.authorizationCodeGrantRequest(
    flow.as,
    flow.client,
    flow.authentication,
    parameters,
    String(flow.authorizeUrl.searchParams.get('redirect_uri')),
    flow.verifier,
    { ...INSECURE, additionalParameters: { resource: spell(clock) } },
  )
  const tokens = await oauth.processAuthorizationCodeResponse(flow.as, flow.client, answer)
  expect(tokens['resource']).toBe(clock)
})

test('without a resource the person picks the server, without script (DESIGN §5)', async () => {
  const person = newPerson()
  const flow = await begin(platform.origin)
  const picker = await consentPageOf(person, flow, platform.ownerToken)
  expect(inputs(picker.html, 'resource', true)).toContain(clock)
  const chosen = new URL(flow.authorizeUrl)
  chosen.searchParams.set('resource', clock)
  const done = await decide(person, await person.open(chosen), 'approve')
  const tokens = await redeem(flow, done.leftFor as URL)
  expect(tokens['resource']).toBe(clock)
})

test('a native client may come from any loopback port (RFC 8252 §7.3)', async () => {
  const flow = await begin(platform.origin, {
    resource: clock,
    redirect_uri: 'http://127.0.0.1:49152/callback',
  })
  const callback = await approve(newPerson(), flow, platform.ownerToken)
  expect(callback.port).toBe('49152')
  await expect(redeem(flow, callback)).resolves.toHaveProperty('access_token')
})

test('a private-use redirect URI is named on the page and allowed (RFC 8252 §7.1)', async () => {
  const uri = 'cursor://anysphere.cursor-mcp/oauth/callback'
  const client = await registerClient(await discover(platform.origin), { redirect_uris: [uri] })
  const flow = await begin(platform.origin, { resource: clock, redirect_uri: uri }, client)
  const person = newPerson()
  const consent = await consentPageOf(person, flow, platform.ownerToken)
  expect(consent.html).toContain('cursor:')
  expect(consent.headers.get('content-security-policy')).toContain("form-action 'self' cursor:")
  const done = await decide(person, consent, 'approve')
  expect(done.leftFor?.protocol).toBe('cursor:')
})
