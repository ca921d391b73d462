/** Both generations of the official SDK, through router and OAuth, as their users would. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { legacySdk, modernSdk, type MemoryOAuthStore } from './_sdk.ts'
import { IDP_CLIENT, startIdp, type Idp } from './_idp.ts'
import { allowAsOwner, allowAtIdp, signIn } from './_sign-in.ts'

/** DESIGN: a revocation is in force within 10 s in a busy isolate. */
const REVOCATION_BOUND_MS = 10_000

let idp: Idp
let platform: Platform
beforeAll(async () => {
  idp = await startIdp()
  platform = await startPlatform({
    authorServers: ['test/servers/trouble'],
    vars: { oauth: { OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: IDP_CLIENT.id } },
    secrets: { oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret } },
  })
  idp.serve(platform.origin)
})
afterAll(async () => {
  await platform.close()
  await idp.close()
})

const people = {
  'the owner link': (address: URL) => allowAsOwner(platform, address),
  'a certified OpenID provider': (address: URL) => allowAtIdp(platform, idp, 'ada', address),
}
const cases = [
  { sdk: legacySdk, way: 'the owner link' },
  { sdk: modernSdk, way: 'a certified OpenID provider' },
] as const

const revoke = (token: string, store: MemoryOAuthStore) =>
  fetch(`${platform.origin}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({
      token,
      client_id: (store.client as { client_id: string }).client_id,
    }),
  })

describe.each(cases)('$sdk.title, signed in by $way', ({ sdk, way }) => {
  let url: URL
  let store: MemoryOAuthStore

  beforeAll(async () => {
    url = platform.mcpUrl('trouble')
    store = await signIn(sdk, url, people[way])
  })

  test('discovers, registers and signs in; the token is for this server alone', () => {
    expect(store.current).toMatchObject({ token_type: expect.stringMatching(/^bearer$/i) })
    const [, payload = ''] = (store.current?.access_token ?? '').split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      aud: url.href,
      iss: platform.origin,
      tenant: 'default',
    })
  })

  test('speaks its newest revision, lists, calls, and gets progress', async () => {
    const connection = await sdk.connect(url, store)
    expect(connection.protocolVersion).toBe(sdk.protocolVersion)
    expect(await connection.toolNames()).toEqual(expect.arrayContaining(['record', 'steps', 'ask']))
    const steps: number[] = []
    expect(await connection.call('steps', {}, (step) => steps.push(step))).toEqual({
      text: 'arrived',
      isError: false,
    })
    expect(steps).toEqual([1, 2, 3])
    await connection.close()
  })

  test('answers an elicitation, and the tool acts only on the answer', async () => {
    const sure = await sdk.connect(url, store, () => ({ sure: true }))
    expect(await sure.call('ask', { mark: `${sdk.protocolVersion} yes` })).toMatchObject({
      text: 'done',
    })
    await sure.close()
    const unsure = await sdk.connect(url, store, () => ({ sure: false }))
    expect(await unsure.call('ask', { mark: `${sdk.protocolVersion} no` })).toMatchObject({
      text: 'left alone',
    })
    const { text } = await unsure.call('recorded', {})
    expect(text).toContain(`${sdk.protocolVersion} yes`)
    expect(text).not.toContain(`${sdk.protocolVersion} no`)
    await unsure.close()
  })

  test('refreshes without the user when its access token no longer counts', async () => {
    const before = store.current
    if (!before?.refresh_token) throw new Error('no refresh token was issued')
    store.authorizationUrl = undefined
    // What an expired token looks like to a client: the server refuses it.
    store.current = { ...before, access_token: `${before.access_token.slice(0, -4)}AAAA` }
    const connection = await sdk.connect(url, store)
    expect(await connection.toolNames()).toContain('record')
    expect(store.authorizationUrl).toBeUndefined()
    expect(store.current.refresh_token).not.toBe(before.refresh_token)
    await connection.close()
  })

  test('is refused after revocation, and asks its user to sign in again', async () => {
    const { access_token: accessToken = '', refresh_token: refreshToken = '' } = store.current ?? {}
    const call = () =>
      fetch(url, { method: 'POST', headers: { authorization: `Bearer ${accessToken}` } })
    expect((await call()).status).not.toBe(401)
    expect((await revoke(refreshToken, store)).status).toBe(200)
    await vi.waitFor(async () => expect((await call()).status).toBe(401), {
      timeout: 2 * REVOCATION_BOUND_MS,
      interval: 200,
    })
    store.authorizationUrl = undefined
    const error: unknown = await sdk.connect(url, store).catch((reason: unknown) => reason)
    expect(error).toSatisfy(sdk.isUnauthorized)
    expect(store.authorizationUrl).toBeDefined()
  })
})
