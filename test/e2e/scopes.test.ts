/** Scopes from the tool to the consent page and back to the call, in both eras (DESIGN §4.7). */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, consentPageOf, redeem } from './_oauth-client.ts'
import { decide, inputs, Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { legacySdk, MemoryOAuthStore, modernSdk, type SdkClient } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send, type Got } from './_wire.ts'

let platform: Platform
let url: URL
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/identity'] })
  url = platform.mcpUrl('identity')
  await fetch(url, { method: 'POST' })
})
afterAll(() => platform.close())

const ERAS = { modern, legacy }
async function callWith(scope: string, tool: string, era: keyof typeof ERAS): Promise<Got> {
  const token = await mintToken(url, { scope })
  const wire = ERAS[era]('tools/call', { name: tool, arguments: {} }, { token })
  return send(platform.origin, { path: url.pathname, ...wire })
}
const challengeOf = (got: Got): string | undefined =>
  /scope="([^"]*)"/.exec(String(got.headers['www-authenticate']))?.[1]

describe.each(['modern', 'legacy'] as const)('%s era', (era) => {
  test.each([
    ['desk:read', 'read_desk'],
    ['desk', 'clear_desk'],
    ['desk:read desk:clear', 'clear_desk'],
    ['', 'ring'],
    ['tools:execute', 'ring'],
    ['tools:execute:read_only', 'whoami'],
    ['tools:execute:read_only desk', 'read_desk'],
  ])('with "%s" %s is called', async (scope, tool) => {
    const { message } = await callWith(scope, tool, era)
    expect(message.result?.isError ?? false).toBe(false)
    expect(message.result?.content).toHaveLength(1)
  })

  test.each([
    ['', 'read_desk', 'desk:read'],
    ['desk:read', 'clear_desk', 'desk:read desk:clear'],
    ['other', 'clear_desk', 'other desk:read desk:clear'],
    ['tools:execute:read_only', 'ring', 'tools:execute'],
    ['desk tools:execute:read_only', 'clear_desk', 'desk tools:execute'],
  ])('with "%s" %s answers 403 and names "%s" (MCP authorization, step-up)', async (...row) => {
    const [scope, tool, needed] = row
    const got = await callWith(scope, tool, era)
    expect(got.status).toBe(403)
    expect(String(got.headers['www-authenticate'])).toContain('error="insufficient_scope"')
    expect(challengeOf(got)).toBe(needed)
  })
})

async function consentFor(query: Record<string, string> = {}) {
  const person = new Person(platform.origin)
  const flow = await begin(platform.origin, { resource: url.href, ...query })
  const page = await consentPageOf(person, flow, platform.ownerToken)
  return { person, flow, page }
}

test('the consent page says each scope in the author’s words and what it is for', async () => {
  const { page } = await consentFor()
  expect(page.html).toContain('See what is on your desk')
  expect(page.html).toContain('Clear your desk')
  expect(page.html.replace(/<[^>]*>/g, '')).toContain('Clear the desk, Read the desk')
})

test('a person narrows: the token has what was ticked, and a call beyond it is refused', async () => {
  const { person, flow, page } = await consentFor({ scope: 'desk' })
  expect(inputs(page.html, 'scope').toSorted()).toEqual(['desk:clear', 'desk:read'])
  const done = await decide(person, page, 'approve', ['desk:read'])
  const tokens = await redeem(flow, done.leftFor as URL)
  expect(tokens.scope).toBe('desk:read')
  expect(decodeJwt(tokens.access_token)['scope']).toBe('desk:read')
})

test('a person limits an app to reading: it runs what reads, and nothing else', async () => {
  const { person, flow, page } = await consentFor()
  const [handle = ''] = inputs(page.html, 'handle')
  const done = await person.post(`${platform.origin}/oauth/authorize`, [
    ['handle', handle],
    ['decision', 'approve'],
    ['limit', 'read_only'],
  ])
  const { access_token: token } = await redeem(flow, done.leftFor as URL)
  const statusOf = async (tool: string) => {
    const wire = modern('tools/call', { name: tool, arguments: {} }, { token })
    return (await send(platform.origin, { path: url.pathname, ...wire })).status
  }
  expect(await statusOf('whoami')).toBe(200)
  expect(await statusOf('ring')).toBe(403)
})

/** SDK 1.x refreshes where it should ask for more; a client without a refresh token steps up. */
class StoreOf1x extends MemoryOAuthStore {
  override saveTokens = (tokens: unknown): void => {
    const { refresh_token: _, ...kept } = tokens as Record<string, unknown>
    this.current = kept as never
  }
}

const cases: [sdk: SdkClient, makeStore: () => MemoryOAuthStore][] = [
  [legacySdk, () => new StoreOf1x()],
  [modernSdk, () => new MemoryOAuthStore()],
]
describe.each(cases)('$title', (sdk, makeStore) => {
  test('asks its person for what the 403 names, keeps what it had, and the call then works', async () => {
    const consent = (address: URL) => allowAsOwner(platform, address)
    const store = await signIn(sdk, url, consent, makeStore())
    const first = await sdk.connect(url, store)
    expect((await first.call('read_desk', {})).text).toBe('papers')

    store.authorizationUrl = undefined
    const error: unknown = await first.call('clear_desk', {}).catch((reason: unknown) => reason)
    expect(error).toSatisfy(sdk.isUnauthorized)
    const asked = store.authorizationUrl as URL | undefined
    expect(asked?.searchParams.get('scope')?.split(' ').toSorted()).toEqual([
      'desk:clear',
      'desk:read',
    ])
    if (!asked) throw new Error('the SDK asked for no sign-in')
    const back = await allowAsOwner(platform, asked)
    await sdk.finishSignIn(url, store, back.searchParams)
    await first.close()

    const second = await sdk.connect(url, store)
    expect((await second.call('clear_desk', {})).text).toBe('cleared')
    expect((await second.call('read_desk', {})).text).toBe('papers')
    await second.close()
  })
})
