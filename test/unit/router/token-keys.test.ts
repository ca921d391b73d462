/** Which public keys the router verifies with, while keys rotate and the oauth Worker comes and goes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTokenKeys } from '../../../workers/router/token-keys.ts'

const tokenOf = (kid: string): string =>
  `${Buffer.from(JSON.stringify({ alg: 'ES256', kid })).toString('base64url')}.e30.x`

let published: string[]
let isDown: boolean
let fetches: number

/** The oauth Worker's RPC: an outage cannot be had from the real one. */
const oauth = {
  credentialKinds() {
    fetches += 1
    return isDown
      ? Promise.reject(new Error('down'))
      : Promise.resolve({
          keys: published.map((kid) => ({ kty: 'EC', kid })),
          trustedIssuers: ['https://idp.example'],
          apiKeys: true,
        })
  },
} as unknown as Fetcher

const idsOf = async (keys: ReturnType<typeof createTokenKeys>, kid: string) =>
  (await keys.for(tokenOf(kid))).keys.map((key) => key.kid)

describe('createTokenKeys', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.spyOn(console, 'error').mockReturnValue()
    published = ['one']
    isDown = false
    fetches = 0
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('fetches once, and learns of a new key when a token names it', async () => {
    const keys = createTokenKeys(oauth)
    expect(await idsOf(keys, 'one')).toEqual(['one'])
    expect(await idsOf(keys, 'one')).toEqual(['one'])
    expect(fetches).toBe(1)
    published = ['two', 'one']
    vi.advanceTimersByTime(31_000)
    expect(await idsOf(keys, 'two')).toEqual(['two', 'one'])
  })

  it('is not made to fetch at will by tokens that name no key of ours', async () => {
    const keys = createTokenKeys(oauth)
    for (let attempt = 0; attempt < 50; attempt++) await idsOf(keys, `forged-${attempt}`)
    expect(fetches).toBe(1)
  })

  it('goes on with the keys it has while the oauth Worker is down, trying twice a minute', async () => {
    const keys = createTokenKeys(oauth)
    await idsOf(keys, 'one')
    isDown = true
    vi.advanceTimersByTime(10 * 60_000)
    for (let call = 0; call < 50; call++) expect(await idsOf(keys, 'one')).toEqual(['one'])
    expect(fetches).toBe(2)
    isDown = false
    published = ['two']
    vi.advanceTimersByTime(31_000)
    expect(await idsOf(keys, 'two')).toEqual(['two'])
  })

  it('says so when it never had any', async () => {
    isDown = true
    await expect(idsOf(createTokenKeys(oauth), 'one')).rejects.toThrow('down')
  })

  it('lets the authorization server judge API keys and tokens of trusted issuers, and no others', async () => {
    const keys = createTokenKeys(oauth)
    const said = (iss: string) =>
      `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss })).toString('base64url')}.x`
    expect(keys.isForeign('mcpk_x')).toBe(false)
    await idsOf(keys, 'one')
    expect(keys.isForeign('mcpk_x')).toBe(true)
    expect(keys.isForeign(said('https://idp.example'))).toBe(true)
    expect(keys.isForeign(said('https://idp.example/'))).toBe(false)
    expect(keys.isForeign('not a token')).toBe(false)
  })
})
