/** The whole way with a key, by clients that are not ours: what they check, we must say. */
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDpopFetch } from './_dpop-fetch.ts'
import {
  approve,
  begin,
  INSECURE,
  redeem,
  REDIRECT_URI,
  refresh,
  requestResource,
  revokeToken,
  type Flow,
  type Proving,
} from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { legacySdk, MemoryOAuthStore, modernSdk } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'
import { modern } from './_wire.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/vault', 'test/servers/trouble'] })
  for (const server of ['vault', 'trouble']) {
    await fetch(platform.mcpUrl(server), { method: 'POST' })
  }
})
afterAll(() => platform.close())

const look = modern('tools/call', { name: 'look' })
const recorded = modern('tools/call', { name: 'recorded' })

describe('oauth4webapi: metadata, registration, PKCE, token, call, refresh, revoke', () => {
  const withKey = async (alg: 'ES256' | 'Ed25519'): Promise<Proving> => {
    const pair = await oauth.generateKeyPair(alg)
    return { DPoP: oauth.DPoP({}, pair) }
  }

  test.each([
    ['with an ES256 key, and dpop_jkt', 'vault', () => withKey('ES256'), 'dpop'],
    ['with an Ed25519 key', 'vault', () => withKey('Ed25519'), 'dpop'],
    ['with a key where none is asked for', 'trouble', () => withKey('ES256'), 'dpop'],
    ['without a key', 'trouble', async (): Promise<Proving> => ({}), 'bearer'],
  ])('%s', async (title, server, provingOf, tokenType) => {
    const url = platform.mcpUrl(server)
    const described = await oauth.resourceDiscoveryRequest(url, INSECURE)
    const resource = await oauth.processResourceDiscoveryResponse(url, described)
    expect(resource.dpop_bound_access_tokens_required).toBe(server === 'vault')

    const proving = await provingOf()
    const jkt = title.includes('dpop_jkt') ? await proving.DPoP?.calculateThumbprint() : undefined
    const query = { resource: url.href, ...(jkt === undefined ? {} : { dpop_jkt: jkt }) }
    const flow = await begin(String(resource.authorization_servers?.[0]), query)
    const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
    const tokens = await redeem(flow, callback, proving)
    expect(tokens.token_type).toBe(tokenType)

    const wire = server === 'vault' ? look : recorded
    expect((await requestResource(tokens.access_token, url, wire, proving)).status).toBe(200)
    const renewed = await refresh(flow, String(tokens.refresh_token), proving)
    expect(renewed.token_type).toBe(tokenType)
    expect((await requestResource(renewed.access_token, url, wire, proving)).status).toBe(200)

    await revokeToken(flow, String(renewed.refresh_token))
    const again = refresh(flow, String(renewed.refresh_token), proving)
    await expect(again).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('an independent resource server accepts our token and its proof (RFC 9449 §7.2)', async () => {
    const { DPoP } = await withKey('ES256')
    const url = platform.mcpUrl('vault')
    const flow = await begin(platform.origin, { resource: url.href })
    const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
    const tokens = await redeem(flow, callback, DPoP ? { DPoP } : {})
    let seen: Request | undefined
    const capture = async (target: string, init: RequestInit): Promise<Response> => {
      seen = new Request(target, init)
      return new Response()
    }
    await oauth.protectedResourceRequest(tokens.access_token, 'POST', url, undefined, undefined, {
      ...INSECURE,
      ...(DPoP ? { DPoP } : {}),
      [oauth.customFetch]: capture as never,
    })
    const claims = await oauth.validateJwtAccessToken(flow.as, seen as Request, url.href, {
      ...INSECURE,
      requireDPoP: true,
    })
    expect(claims.cnf?.jkt).toBe(await DPoP?.calculateThumbprint())
  })
})

test('openid-client: a client registered for bound tokens, with its own nonce handling', async () => {
  const url = platform.mcpUrl('vault')
  const config = await openid.dynamicClientRegistration(
    new URL(platform.origin),
    {
      client_name: 'openid-client',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
    },
    openid.None(),
    { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
  )
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  const verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  const authorizeUrl = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    resource: url.href,
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    dpop_jkt: await DPoP.calculateThumbprint(),
  })
  const flow = { authorizeUrl, as: config.serverMetadata() } as unknown as Flow
  const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  const tokens = await openid.authorizationCodeGrant(config, callback, checks, undefined, { DPoP })
  expect(tokens.token_type).toBe('dpop')

  const call = (token: string) =>
    openid.fetchProtectedResource(
      config,
      token,
      url,
      'POST',
      look.body,
      new Headers(look.headers),
      { DPoP },
    )
  expect((await call(tokens.access_token)).status).toBe(200)
  const renewed = await openid.refreshTokenGrant(config, String(tokens.refresh_token), undefined, {
    DPoP,
  })
  expect((await call(renewed.access_token)).status).toBe(200)
})

describe.each([legacySdk, modernSdk])('$title with a fetch that proves', (sdk) => {
  test('signs in, lists, calls and refreshes where bound tokens are required', async () => {
    const url = platform.mcpUrl('vault')
    const proving = new MemoryOAuthStore(undefined, await createDpopFetch())
    const store = await signIn(sdk, url, (address) => allowAsOwner(platform, address), proving)
    expect(store.current?.token_type).toMatch(/^dpop$/i)

    const connection = await sdk.connect(url, store)
    expect(await connection.toolNames()).toEqual(['look'])
    expect(await connection.call('look', {})).toMatchObject({ isError: false })
    await connection.close()

    const before = store.current
    if (!before) throw new Error('no tokens')
    store.authorizationUrl = undefined
    // What an expired token looks like to a client: the server refuses it.
    store.current = { ...before, access_token: `${before.access_token.slice(0, -4)}AAAA` }
    const renewed = await sdk.connect(url, store)
    expect(await renewed.call('look', {})).toMatchObject({ isError: false })
    expect(store.authorizationUrl).toBeUndefined()
    await renewed.close()
  })

  test('a stock client cannot get a token there, and is told so', async () => {
    const url = platform.mcpUrl('vault')
    const store = new MemoryOAuthStore()
    await expect(
      signIn(sdk, url, (address) => allowAsOwner(platform, address), store),
    ).rejects.toThrow('DPoP proof')
  })
})
