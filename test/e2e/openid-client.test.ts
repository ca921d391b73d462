/**
 * openid-client the whole way, with a key and without: code, call, refresh, introspection
 * by a resource server, revocation; and client credentials. It judges every answer.
 */
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf, newSecret } from './_machines.ts'
import { approve, REDIRECT_URI, type Flow } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern } from './_wire.ts'

const INSECURE = { algorithm: 'oauth2' as const, execute: [openid.allowInsecureRequests] }
const secret = newSecret()
let platform: Platform
let url: URL
beforeAll(async () => {
  const machine = { servers: ['mailbox'], scopes: ['mail'], secrets: [hashOf(secret)] }
  platform = await startPlatform({
    authorServers: ['test/servers/mailbox'],
    secrets: { oauth: { MACHINE_gateway: JSON.stringify({ ...machine, introspects: true }) } },
  })
  url = platform.mcpUrl('mailbox')
  await fetch(url, { method: 'POST' })
})
afterAll(() => platform.close())

const gateway = () =>
  openid.discovery(new URL(platform.origin), 'machine_gateway', secret, undefined, INSECURE)

const register = () =>
  openid.dynamicClientRegistration(
    new URL(platform.origin),
    { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' },
    openid.None(),
    INSECURE,
  )

type Proving = { DPoP?: openid.DPoPHandle }

async function signIn(config: openid.Configuration, proving: Proving) {
  const [verifier, state] = [openid.randomPKCECodeVerifier(), openid.randomState()]
  const authorizeUrl = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    resource: url.href,
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const flow = { authorizeUrl, as: config.serverMetadata() } as unknown as Flow
  const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  return openid.authorizationCodeGrant(config, callback, checks, undefined, proving)
}

/** mailbox is strict: what it says holds at once. */
async function readMail(config: openid.Configuration, token: string, proving: Proving) {
  const { body, headers } = modern('tools/call', { name: 'read_mail' })
  return openid
    .fetchProtectedResource(config, token, url, 'POST', body, new Headers(headers), proving)
    .then(({ status }) => status)
    .catch((error: unknown) => (error as { status?: number }).status)
}

const provingOf = async (config: openid.Configuration, withKey: boolean): Promise<Proving> =>
  withKey ? { DPoP: openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256')) } : {}

describe.each([
  ['with DPoP', true],
  ['without', false],
])('%s', (_, withKey) => {
  const tokenType = withKey ? 'DPoP' : 'Bearer'

  test('code, call, refresh, introspection, revocation', async () => {
    const config = await register()
    const proving = await provingOf(config, withKey)
    const first = await signIn(config, proving)
    const renewed = await openid.refreshTokenGrant(
      config,
      String(first.refresh_token),
      undefined,
      proving,
    )
    for (const { access_token } of [first, renewed]) {
      expect(await readMail(config, access_token, proving)).toBe(200)
    }
    const asked = await gateway()
    const said = await openid.tokenIntrospection(asked, renewed.access_token)
    expect(said).toMatchObject({ active: true, token_type: tokenType, aud: url.href })
    expect(said.cnf?.jkt).toBe(await proving.DPoP?.calculateThumbprint())

    await openid.tokenRevocation(config, String(renewed.refresh_token))
    for (const { access_token } of [first, renewed]) {
      expect(await openid.tokenIntrospection(asked, access_token)).toEqual({ active: false })
      expect(await readMail(config, access_token, proving)).toBe(401)
    }
    const again = openid.refreshTokenGrant(config, String(renewed.refresh_token), {}, proving)
    await expect(again).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('client credentials, call, revocation of the access token', async () => {
    const config = await gateway()
    const proving = await provingOf(config, withKey)
    const parameters = { resource: url.href, scope: 'mail:read' }
    const tokens = await openid.clientCredentialsGrant(config, parameters, proving)
    expect(tokens.token_type).toBe(tokenType.toLowerCase())
    expect(await readMail(config, tokens.access_token, proving)).toBe(200)
    await openid.tokenRevocation(config, tokens.access_token)
    expect(await readMail(config, tokens.access_token, proving)).toBe(401)
  })
})
