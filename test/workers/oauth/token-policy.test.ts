/** What a server's policy says at the token endpoint, consent given or not. */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { DEFAULT_POLICY } from '#shared/catalog/entry.ts'
import { accessTokenSeconds } from '../../../workers/oauth/authorize/as-for-resource.ts'
import { AuthorizationServer } from './_authorization-server.ts'

let as: AuthorizationServer
let client: string
beforeAll(async () => {
  as = await AuthorizationServer.start()
  await as.publish('open', { visibility: 'public' })
  await as.publish('closed')
  await as.publish('strict', { strict: true })
  await as.publish('long', { accessTokenSeconds: 7200 })
  client = await as.newClient()
})
/** Isolates see a change with the next feed; the first carries it within a second. */
const WAIT = { timeout: 20_000, interval: 200 }
const USER = 'u'.repeat(43)

it('a code of somebody the policy no longer lets in: invalid_target, and no token (RFC 8707 §2)', async () => {
  const answer = await as.redeem(client, await as.newCode(client, 'closed', USER, 'acme'))
  expect(answer).toMatchObject({ status: 400, error: 'invalid_target' })
  expect(answer).not.toHaveProperty('access_token')
})

it('and the grant is not revoked: policies come back', async () => {
  const code = await as.newCode(client, 'closed', USER, 'acme')
  expect((await as.redeem(client, code)).error).toBe('invalid_target')
  // Not `code already used`, which would say that it was spent.
  expect((await as.redeem(client, code)).error).toBe('invalid_target')
})

it('a policy that changes: refresh is refused, and works again when it comes back', async () => {
  await as.publish('shop')
  const tokens = await as.signIn(client, 'shop', USER)
  await as.changePolicy('shop', { tenants: ['acme'] })
  const refused = () => as.refresh(client, tokens.refresh_token)
  await vi.waitFor(async () => expect((await refused()).error).toBe('invalid_target'), WAIT)
  await as.changePolicy('shop', { tenants: null, accessTokenSeconds: 7200 })
  const renewed = () => as.refresh(client, tokens.refresh_token)
  await vi.waitFor(
    async () => expect(await renewed()).toMatchObject({ status: 200, expires_in: 7200 }),
    WAIT,
  )
})

it('the same person for a server that lets everybody in', async () => {
  const answer = await as.redeem(client, await as.newCode(client, 'open', USER, 'acme'))
  expect(answer).toMatchObject({ status: 200, expires_in: 3600 })
})

it('tokens of a strict server live five minutes', async () => {
  const answer = await as.redeem(client, await as.newCode(client, 'strict', USER))
  expect(answer).toMatchObject({ status: 200, expires_in: 300 })
})

it('tokens of a server whose policy.json says so live as long', async () => {
  const answer = await as.redeem(client, await as.newCode(client, 'long', USER))
  expect(answer).toMatchObject({ status: 200, expires_in: 7200 })
})

describe('lifetime of access tokens', () => {
  it.each([
    ['an hour', {}, 3600],
    ['what the policy says', { accessTokenSeconds: 7200 }, 7200],
    [
      'five minutes where strict, whatever else it says',
      { strict: true, accessTokenSeconds: 7200 },
      300,
    ],
  ])('%s', (_, policy, seconds) => {
    expect(accessTokenSeconds({ ...DEFAULT_POLICY, ...policy })).toBe(seconds)
  })
})
