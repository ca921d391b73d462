/**
 * State written by the last release is read by this one (DESIGN §6): its bundles, as
 * they were uploaded, run and are used by real clients; then `npm run deploy` puts this
 * release on the same account, and the same clients go on.
 *
 * test/fixtures/release-<version>.json.gz is recorded once for a release:
 * `node test/cloudflare-api/record.ts <file>`.
 */
import { paced } from '../_pace.ts'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makePlatformKeys, secretsOf, type PlatformKeys } from '../../scripts/keys/platform-keys.ts'
import { ROOT } from '../../scripts/root.ts'
import { liveVersion } from '../cloudflare-api/account.ts'
import { loadRelease } from '../cloudflare-api/release.ts'
import { createDeployed, type Deployed } from './_deployed.ts'
import { createDpopFetch } from './_dpop-fetch.ts'
import type { Platform } from './_platform.ts'
import { legacySdk, MemoryOAuthStore, modernSdk, REDIRECT_URI, type SdkClient } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'
import { LEGACY, jsonHeaders, legacy, messagesOf, type Message } from './_wire.ts'

const LAST_RELEASE = join(ROOT, 'test', 'fixtures', 'release-0.1.0.json.gz')
const DAY_SECONDS = 86_400
const MANY_RUNS_MS = paced(60_000)
/** A revocation is in force everywhere within 60 s. */
const FEED_MAX = { timeout: paced(20_000), interval: 500 }

let deployed: Deployed
let platform: Platform

/** What clients hold when the operator upgrades. */
let bearer: MemoryOAuthStore
let bound: MemoryOAuthStore
let revoked: MemoryOAuthStore
/** A 2025 session in which a question is open. */
let session: Record<string, string>
let question: Message

beforeAll(async () => {
  deployed = await createDeployed(['clock', 'conformance'])
  const keys = await makePlatformKeys(DAY_SECONDS, Math.floor(Date.now() / 1000))
  install(keys)
  await deployed.serve()
  await useLastRelease()
}, MANY_RUNS_MS)
afterAll(() => deployed.close())

/** As the operator of the last release has it: account, key file, trust, settings. */
function install(keys: PlatformKeys): void {
  const { router, oauth } = secretsOf(keys)
  const { checkout, origin } = deployed
  loadRelease(deployed.api.account, LAST_RELEASE, {
    origin,
    anchor: keys.anchor.publicJwk.x ?? '',
    secrets: { 'mcp-edge-router': { ...router }, 'mcp-edge-oauth': { ...oauth } },
  })
  const { capabilitySecrets: _, ...then } = keys
  checkout.write('.keys/production.json', JSON.stringify({ keys: then, unsent: [] }))
  checkout.write(
    'shared/trust.production.json',
    JSON.stringify({ anchors: [keys.anchor.publicJwk] }),
  )
  const settings = { publicOrigin: origin, servers: 'bindings', leaveOut: [] }
  checkout.write('deploy.production.json', JSON.stringify(settings))
}

/** What is on disk when the operator upgrades. */
async function useLastRelease(): Promise<void> {
  bearer = await signedIn(legacySdk)
  bound = await signedIn(modernSdk, await createDpopFetch())
  revoked = await signedIn(legacySdk)
  for (const store of [bearer, bound, revoked]) expect(await callClock(store)).toBe(true)
  await revoke(revoked)
  session = await openSession()
  question = await ask()
}

async function signedIn(sdk: SdkClient, fetch = globalThis.fetch): Promise<MemoryOAuthStore> {
  platform = await deployed.platform()
  const store = new MemoryOAuthStore(REDIRECT_URI, fetch)
  const consent = (page: URL) => allowAsOwner(platform, page)
  return signIn(sdk, platform.mcpUrl('clock'), consent, store)
}

async function callClock(store: MemoryOAuthStore): Promise<boolean> {
  const connection = await modernSdk.connect(platform.mcpUrl('clock'), store)
  const { isError } = await connection.call('now', {})
  await connection.close()
  return !isError
}

async function revoke({ current, client }: MemoryOAuthStore): Promise<void> {
  const { client_id } = client as { client_id: string }
  const form = { token: current?.access_token ?? '', client_id }
  const body = new URLSearchParams(form)
  const answer = await fetch(`${deployed.origin}/oauth/revoke`, { method: 'POST', body })
  expect(answer.status).toBe(200)
}

/** The status a client gets that does not sign in again. */
async function callRevoked(): Promise<number> {
  const { headers, body } = legacy('tools/list', {}, { token: revoked.current?.access_token })
  return (await fetch(platform.mcpUrl('clock'), { method: 'POST', headers, body })).status
}

const conformance = (): URL => platform.mcpUrl('conformance')

/** @returns the headers of a session with a client that can be asked */
async function openSession(): Promise<Record<string, string>> {
  const { body } = legacy('initialize', {
    protocolVersion: LEGACY,
    capabilities: { elicitation: {} },
    clientInfo: { name: 'upgrade', version: '1' },
  })
  const answer = await fetch(conformance(), { method: 'POST', headers: jsonHeaders(), body })
  const id = answer.headers.get('mcp-session-id') ?? ''
  return { ...jsonHeaders(), 'mcp-protocol-version': LEGACY, 'mcp-session-id': id }
}

const inSession = (body: string): Promise<Response> =>
  fetch(conformance(), { method: 'POST', headers: session, body })

/** A call that asks the person; nobody answers yet. */
async function ask(): Promise<Message> {
  const call = { name: 'test_elicitation', arguments: { message: 'Who?' } }
  const answer = await inSession(legacy('tools/call', call).body)
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const asked = messagesOf(text).find(({ method }) => method === 'elicitation/create')
    if (asked) return asked
    const chunk = await reader?.read()
    if (!chunk || chunk.done) throw new Error(`no question: ${text}`)
    text += chunk.value
  }
}

test('the last release refuses what was revoked, and its objects are of its own schema', async () => {
  await vi.waitFor(async () => expect(await callRevoked()).toBe(401), FEED_MAX)
  expect(deployed.api.account.scripts.get('mcp-edge-objects')?.migrationTag).toBe('v2')
})

test(
  '`npm run deploy` puts this release on the account: new classes, new secrets, old ones kept',
  async () => {
    const { scripts } = deployed.api.account
    const secretsOf = (worker: string): string[] => {
      const bindings = liveVersion(scripts.get(worker)!).bindings
      return bindings.filter(({ type }) => type === 'secret_text').map(({ text }) => text as string)
    }
    const before = secretsOf('mcp-edge-oauth')
    const { status, output } = await deployed.run('deploy')
    expect(status, output).toBe(0)
    await deployed.serve()
    expect(secretsOf('mcp-edge-oauth')).toEqual(expect.arrayContaining(before))
    expect(scripts.get('mcp-edge-objects')?.migrationTag).not.toBe('v2')
  },
  MANY_RUNS_MS,
)

/** Of people whose clients have not come since: no client of this file has refreshed yet. */
test('`npm run backup -- --adopt` finds the grants that the last release stored', async () => {
  const backup = async (name: string, ...args: string[]): Promise<number> => {
    const { status, output } = await deployed.run('backup', '--json', '--out', name, ...args)
    expect(status, output).toBe(0)
    const line = output.split('\n').find((one) => one.startsWith('{')) ?? ''
    return (JSON.parse(line) as { records: { grant?: number } }).records.grant ?? 0
  }
  expect(await backup('before.backup')).toBe(0)
  expect(await backup('adopted.backup', '--adopt')).toBe(2)
  expect(await backup('after.backup')).toBe(2)
})

test('access tokens of the last release count, bound ones with their key', async () => {
  expect(await callClock(bearer)).toBe(true)
  expect(await callClock(bound)).toBe(true)
})

test('what the last release revoked stays revoked', async () => {
  expect(await callRevoked()).toBe(401)
})

test.each([
  ['a Bearer client', () => bearer],
  ['a DPoP client', () => bound],
])('%s refreshes with what the last release gave it', async (_, storeOf) => {
  const store = storeOf()
  const { refresh_token = '', access_token } = store.current!
  store.current = { ...store.current!, access_token: 'expired' }
  expect(await callClock(store)).toBe(true)
  expect(store.current.access_token).not.toBe(access_token)
  expect(store.current.access_token).not.toBe('expired')
  expect(refresh_token).not.toBe('')
})

test('a session goes on, and a question asked by the last release is answered', async () => {
  const list = await inSession(legacy('tools/list').body)
  expect(list.status).toBe(200)
  const result = { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }
  const answer = (id: unknown) => inSession(JSON.stringify({ jsonrpc: '2.0', id, result }))
  expect((await answer(question.id)).status).toBe(202)
})

test('policies and definitions the last release published are listed', async () => {
  const connection = await legacySdk.connect(platform.mcpUrl('clock'), bearer)
  expect(await connection.toolNames()).toEqual(['now'])
  await connection.close()
})
