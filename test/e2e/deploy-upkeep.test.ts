/**
 * A deployed platform over its life: doctor, one more server, rotation of every key
 * with clients signed in, rename, removal.
 */
import { chmodSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { secretsOf } from '../../scripts/keys/platform-keys.ts'
import { liveVersion, type Script, type Version } from '../cloudflare-api/account.ts'
import { paced } from '../_pace.ts'
import { createDeployed, type Deployed, type ScriptRun } from './_deployed.ts'
import { modernSdk, type MemoryOAuthStore } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'

const MANY_RUNS_MS = paced(60_000)

vi.setConfig({ testTimeout: MANY_RUNS_MS })

let deployed: Deployed
/** Of a client that signed in to clock before anything was rotated. */
let store: MemoryOAuthStore

async function run(script: string, ...args: string[]): Promise<ScriptRun> {
  const result = await deployed.run(script, ...args)
  expect(result.status, result.output).toBe(0)
  await deployed.serve()
  return result
}

interface Finding {
  subject: string
  level: string
  what: string
  remedy: string
}

async function doctor(): Promise<{ status: number | null; findings: Finding[] }> {
  const { status, output } = await deployed.run('doctor', '--env', 'production', '--json')
  return { status, findings: JSON.parse(output) as Finding[] }
}

async function signedIn(server: string): Promise<MemoryOAuthStore> {
  const platform = await deployed.platform()
  const url = platform.mcpUrl(server)
  return signIn(modernSdk, url, (page) => allowAsOwner(platform, page))
}

async function callClock(with_ = store): Promise<boolean> {
  const connection = await modernSdk.connect(new URL('/clock/mcp', deployed.origin), with_)
  const { isError } = await connection.call('now', {})
  await connection.close()
  return !isError
}

const script = (name: string): Script => deployed.api.account.scripts.get(name) as Script
const keyFile = () => JSON.parse(deployed.checkout.read('.keys/production.json'))
/** The account has exactly the secrets of the key file. */
function expectSent(): void {
  const { keys, unsent } = keyFile()
  expect(unsent).toEqual([])
  for (const [role, secrets] of Object.entries(secretsOf(keys))) {
    const { bindings } = liveVersion(script(`mcp-edge-${role}`))
    for (const [name, text] of Object.entries(secrets as Record<string, string>)) {
      if (text !== '') expect(bindings).toContainEqual({ type: 'secret_text', name, text })
    }
  }
}

const trusted = (): { x: string }[] =>
  JSON.parse(deployed.checkout.read('shared/trust.production.json')).anchors

beforeAll(async () => {
  deployed = await createDeployed()
  await run('deploy', '--origin', deployed.origin)
  store = await signedIn('clock')
}, MANY_RUNS_MS)
afterAll(() => deployed.close())

test('doctor finds nothing wrong with what was just deployed', async () => {
  const { status, findings } = await doctor()
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
  expect(status).toBe(0)
  expect(findings.map(({ subject }) => subject)).toContain(deployed.origin)
})

test('an owner link signs in once', async () => {
  const ownerToken = (await deployed.ownerLink()).searchParams.get('token') ?? ''
  const redeem = () =>
    fetch(`${deployed.origin}/login/owner`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: deployed.origin },
      body: new URLSearchParams({ token: ownerToken }),
    })
  expect(ownerToken).toHaveLength(43)
  expect((await redeem()).status).toBe(303)
  expect((await redeem()).status).toBe(403)
})

test('`npm run machine send` gives the oauth Worker all machines again', async () => {
  const sent = () =>
    liveVersion(script('mcp-edge-oauth')).bindings.find(({ name }) => name === 'MACHINE_ci_runner')
  await run('machine', 'add', 'ci-runner', '--server', 'clock', '--env', 'production')
  const before = sent()
  expect(before).toBeDefined()
  await run('secret', 'oauth', 'delete', 'MACHINE_ci_runner', '--env', 'production', '--yes')
  expect(sent()).toBeUndefined()
  await run('machine', 'send', '--env', 'production')
  expect(sent()).toEqual(before)
})

test('deploying one new server uploads it and the router, and nothing else', async () => {
  const made = deployed.checkout.run('node', 'scripts/new.ts', 'greeter')
  expect(made.status, made.output).toBe(0)
  const before = script('mcp-edge-oauth').versions.length
  await run('deploy', 'greeter')
  expect(script('mcp-edge-oauth').versions).toHaveLength(before)
  const greeterStore = await signedIn('greeter')
  const connection = await modernSdk.connect(new URL('/greeter/mcp', deployed.origin), greeterStore)
  expect((await connection.call('hello', { name: 'Ada' })).text).toContain('Ada')
  await connection.close()
  expect(await callClock()).toBe(true)
})

test.each(['tokens', 'seals', 'capabilities', 'signing'])(
  'after `npm run rotate %s` whoever is signed in stays so, and others can sign in',
  async (kind) => {
    const before = deployed.checkout.read('.keys/production.json')
    await run('rotate', kind)
    expect(deployed.checkout.read('.keys/production.json')).not.toBe(before)
    expectSent()
    expect(await callClock()).toBe(true)
    if (kind === 'tokens') expect(await callClock(await signedIn('clock'))).toBe(true)
  },
)

test(
  'rotating the anchor, interrupted between servers and router: calls go on throughout',
  async () => {
    const [old] = trusted()
    const secrets = /^PATCH \/workers\/scripts\/mcp-edge-router\/secrets-bulk$/
    const cut = await deployed.interruptAt(
      /^POST \/workers\/scripts\/clock\/versions$/,
      'rotate',
      'anchor',
    )
    expect(cut.status, cut.output).toBe(130)
    await deployed.serve()
    expect(await callClock()).toBe(true)

    const refused = await deployed.run('deploy')
    expect(refused.output).toContain('npm run rotate anchor')

    // A server of another checkout: only there it can learn the new anchor.
    const { folder } = deployed.checkout
    renameSync(join(folder, 'workers/greeter'), join(folder, 'elsewhere'))
    const waits = await deployed.run('rotate', 'anchor')
    renameSync(join(folder, 'elsewhere'), join(folder, 'workers/greeter'))
    expect(waits.status).toBe(1)
    expect(waits.output).toMatch(/greeter\n.*Deployed from another checkout/)
    await deployed.serve()
    expect(await callClock()).toBe(true)

    await run('rotate', 'anchor')
    expect(deployed.api.requests.some((request) => secrets.test(request))).toBe(true)
    expect(trusted().map(({ x }) => x)).toEqual([expect.not.stringMatching(old!.x), old!.x])
    expect(keyFile().keys.nextAnchor).toBeUndefined()
    expectSent()
    expect(await callClock()).toBe(true)
  },
  MANY_RUNS_MS,
)

test('the old anchor stays as long as servers may need it, then goes', async () => {
  const early = await deployed.run('rotate', 'anchor', '--finish')
  expect(early.status).toBe(1)
  expect(early.output).toContain('still needed')
  const file = keyFile()
  file.keys.previousAnchor.untilSeconds = 0
  deployed.checkout.write('.keys/production.json', JSON.stringify(file))
  await run('rotate', 'anchor', '--finish')
  expect(trusted()).toHaveLength(1)
  expect(await callClock()).toBe(true)
})

test('a renamed server answers under its new name only', async () => {
  await run('rename', 'greeter', 'welcomer', '--yes')
  expect([...deployed.api.account.scripts.keys()]).toContain('welcomer')
  expect([...deployed.api.account.scripts.keys()]).not.toContain('greeter')
  const { folder } = deployed.checkout
  expect(existsSync(join(folder, 'workers/greeter'))).toBe(false)
  expect(deployed.checkout.read('test/unit/servers/welcomer.test.ts')).toContain(
    'workers/welcomer/',
  )
  const welcomed = await signedIn('welcomer')
  const connection = await modernSdk.connect(new URL('/welcomer/mcp', deployed.origin), welcomed)
  expect((await connection.call('hello', { name: 'Ada' })).text).toContain('Ada')
  await connection.close()
})

test('a removed server: the router lets go of it before it is deleted', async () => {
  const seen = deployed.api.requests.length
  const unasked = await deployed.run('remove', 'welcomer')
  expect(unasked.status).toBe(2)
  expect(unasked.output).toContain('--yes')
  const { output } = await run('remove', 'welcomer', '--yes')
  expect(output).toContain('would bring it back')
  const sent = deployed.api.requests.slice(seen).filter((request) => !request.startsWith('GET '))
  expect(sent.findIndex((each) => each.includes('mcp-edge-router'))).toBeLessThan(
    sent.findIndex((each) => each.startsWith('DELETE')),
  )
  expect(await callClock()).toBe(true)
})

test('doctor finds what is wrong on this machine', async () => {
  const { checkout } = deployed
  chmodSync(join(checkout.folder, '.keys/production.json'), 0o644)
  checkout.write('workers/clock/tools/broken.ts', 'export default 1\n')
  const { status, output } = await deployed.run('doctor', '--local')
  checkout.remove('workers/clock/tools/broken.ts')
  chmodSync(join(checkout.folder, '.keys/production.json'), 0o600)
  expect(status).toBe(1)
  expect(output).toContain('chmod 600 .keys/production.json')
  expect(output).toMatch(/✘ workers\/clock\/tools\/broken\.ts/)
})

test('doctor names each thing that is wrong, and its remedy', async () => {
  change('mcp-edge-router', (version) => ({
    ...version,
    compatibilityDate: '2025-01-01',
    bindings: version.bindings
      .filter(({ name }) => name !== 'DPOP_SECRET' && name !== 'FEED')
      .map((binding) =>
        binding.name === 'ISSUER' ? { ...binding, text: 'https://elsewhere' } : binding,
      ),
  }))
  change('clock', (version) => ({ ...version, modules: [] }))
  deployed.api.account.scripts.set('mcp-edge-old', { ...script('clock'), name: 'mcp-edge-old' })
  const { status, findings } = await doctor()
  expect(status).toBe(1)
  const problems = findings.filter(({ level }) => level !== 'ok')
  const said = problems.map(({ subject, what }) => `${subject}: ${what}`).join('\n')
  for (const expected of [
    'mcp-edge-router: lacks the secrets DPOP_SECRET',
    /mcp-edge-router: .*ISSUER should be http.*is https:\/\/elsewhere/,
    /mcp-edge-router: .*FEED should be mcp-edge-objects\/FeedObject, is missing/,
    'mcp-edge-router: runs with compatibility date 2025-01-01',
    'clock: was built with another trust anchor',
    'welcomer: is not deployed',
    'mcp-edge-old: is named like a Worker of this platform',
  ]) {
    expect(said).toMatch(expected)
  }
  expect(problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
})

/** The live version of a Worker, changed behind the platform's back. */
function change(name: string, edit: (version: Version) => Version): void {
  const { versions } = script(name)
  const live = versions.indexOf(liveVersion(script(name)))
  versions[live] = edit(versions[live]!)
}

test(
  'keys that are lost: everything is made anew and the platform is whole again',
  async () => {
    deployed.api.account.scripts.delete('mcp-edge-old')
    deployed.checkout.remove('.keys')
    deployed.checkout.remove('workers/welcomer')
    const stuck = await deployed.run('deploy')
    expect(stuck.output).toContain('npm run rotate everything')
    await run('rotate', 'everything', '--yes')
    await run('deploy')
    expect(await callClock(await signedIn('clock'))).toBe(true)
    const { findings } = await doctor()
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
  },
  MANY_RUNS_MS,
)
