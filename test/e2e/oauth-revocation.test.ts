/** A token from the authorization server at the router: it opens its own server, until it is revoked. */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { approve, begin, redeem, refresh, revokeToken } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let clock: URL
/** Its policy says so. */
let strict: URL
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/mailbox'] })
  clock = platform.mcpUrl('clock')
  strict = platform.mcpUrl('mailbox')
  for (const url of [clock, strict]) await fetch(url, { method: 'POST' })
})
afterAll(() => platform.close())

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  },
}

async function statusWith(token: string, url: URL): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(INITIALIZE),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  })
  await response.body?.cancel()
  return response.status
}

async function signIn(url = clock) {
  const flow = await begin(platform.origin, { resource: url.href })
  const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
  return { flow, tokens: await redeem(flow, callback) }
}

test('a token opens the server it is for and no other (RFC 8707)', async () => {
  const { tokens } = await signIn()
  expect(await statusWith(tokens.access_token, clock)).toBe(200)
  expect(await statusWith(tokens.access_token, platform.mcpUrl('conformance'))).toBe(401)
})

test('after revocation of the refresh token the access token dies, too (DESIGN §2: ≤ 10 s)', async () => {
  const { flow, tokens } = await signIn()
  expect(await statusWith(tokens.access_token, clock)).toBe(200)
  await revokeToken(flow, String(tokens.refresh_token))
  await vi.waitFor(
    async () => {
      expect(await statusWith(tokens.access_token, clock)).toBe(401)
    },
    { timeout: paced(7_000), interval: 1_000 },
  )
})

test('a strict server refuses it with the very next request (DESIGN §2)', async () => {
  const { flow, tokens } = await signIn(strict)
  expect(await statusWith(tokens.access_token, strict)).toBe(200)
  await revokeToken(flow, String(tokens.refresh_token))
  expect(await statusWith(tokens.access_token, strict)).toBe(401)
})

test('refreshes of one grant at the same moment each get an access token', async () => {
  const { flow, tokens } = await signIn()
  const token = String(tokens.refresh_token)
  const renewed = await Promise.all([refresh(flow, token), refresh(flow, token)])
  for (const { access_token } of renewed) expect(await statusWith(access_token, clock)).toBe(200)
})
