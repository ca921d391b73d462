/**
 * Two people, two checkouts, one account: whose keys the platform has, whose are refused,
 * and what happens when both send at once. Real scripts and wrangler, imitated account.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { KeyFile } from '../../scripts/deploy/key-file.ts'
import { secretsOf } from '../../scripts/keys/platform-keys.ts'
import { liveVersion } from '../cloudflare-api/account.ts'
import { startCloudflareApi } from '../cloudflare-api/api.ts'
import { paced } from '../_pace.ts'
import { createDeployed, type Deployed } from './_deployed.ts'

const MANY_RUNS_MS = paced(60_000)
vi.setConfig({ testTimeout: MANY_RUNS_MS })

const KEYS = '.keys/production.json'
const FILES = [KEYS, 'shared/trust.production.json', 'deploy.production.json']
const PIN = /^KEYS_\d+_[0-9a-f]{16}$/
const ROLES = ['objects', 'oauth', 'router'] as const

/** Ada's checkout owns the account; Ben's reaches the same one. */
let ada: Deployed
let ben: Deployed

const keyFile = ({ checkout }: Deployed): KeyFile => JSON.parse(checkout.read(KEYS)) as KeyFile
const secretsIn = (role: string): Map<string, string> => {
  const script = ada.api.account.scripts.get(`mcp-edge-${role}`)
  const all = script ? liveVersion(script).bindings : []
  const secrets = all.filter(({ type }) => type === 'secret_text')
  return new Map(secrets.map(({ name, text }) => [name, String(text)]))
}

/** The account has exactly this checkout's keys, and one pin for each Worker. */
function expectKeysOf(one: Deployed): void {
  const texts = secretsOf(keyFile(one).keys)
  for (const role of ROLES) {
    const there = secretsIn(role)
    for (const [name, text] of Object.entries(texts[role] as Record<string, string>)) {
      if (text !== '') expect(there.get(name), `${role}/${name}`).toBe(text)
    }
    expect(
      [...there.keys()].filter((name) => PIN.test(name)),
      role,
    ).toHaveLength(1)
  }
}

/** Runs it and expects a refusal before anything was sent. */
async function refused(one: Deployed, script: string, ...args: string[]): Promise<string> {
  const seen = ada.api.requests.length
  const { status, output } = await one.run(script, ...args)
  expect(status, output).toBe(1)
  expect(ada.api.requests.slice(seen).filter((each) => !each.startsWith('GET '))).toEqual([])
  return output
}

async function done(one: Deployed, script: string, ...args: string[]): Promise<string> {
  const { status, output } = await one.run(script, ...args)
  expect(status, output).toBe(0)
  return output
}

/** Does `act` once, before the account answers the first request of that name; then wait for it. */
function before(request: string, act: () => Promise<unknown> | void): () => Promise<unknown> {
  let acted: Promise<unknown> | undefined
  ada.api.intercept = async (asked) => {
    if (asked !== request || acted) return
    acted = Promise.resolve(act())
    await acted.catch(() => {})
  }
  return async () => {
    ada.api.intercept = () => {}
    if (!acted) throw new Error(`Nothing asked for ${request}`)
    return acted
  }
}

/** What the account has made so far is not there yet; the result brings it back. */
function unmake(): () => void {
  const { kv, scripts } = ada.api.account
  const [namespaces, workers] = [[...kv], [...scripts]]
  kv.clear()
  scripts.clear()
  return () => {
    for (const [id, namespace] of namespaces) kv.set(id, namespace)
    for (const [name, script] of workers) scripts.set(name, script)
  }
}

function copyFiles(from: Deployed, to: Deployed, files: readonly string[] = FILES): void {
  for (const file of files) {
    cpSync(join(from.checkout.folder, file), join(to.checkout.folder, file), { recursive: true })
  }
}

beforeAll(async () => {
  ada = await createDeployed([])
  ben = await createDeployed([], ada.api)
}, MANY_RUNS_MS)
afterAll(async () => {
  await ben.close()
  await ada.close()
})

test('two first deploys at once: the account goes to one, the other is told whose keys it needs', async () => {
  const origin = ['--origin', ada.origin]
  const cut = await ben.interruptAt(/^PUT \/workers\/scripts\/mcp-edge-oauth$/, 'deploy', ...origin)
  expect(cut.status, cut.output).toBe(130)
  // Ada looked before Ben made anything, and asks for the first thing a moment after him.
  const acted = before('POST /storage/kv/namespaces', unmake())
  const lost = await ada.run('deploy', ...origin)
  await acted()
  expect(lost.status).toBe(1)
  expect(lost.output).toContain('Another first deploy of production made it a moment ago')
  for (const file of FILES) expect(lost.output).toContain(file)

  // Told to run it again: nothing of Ben's is replaced.
  const again = await refused(ada, 'deploy', ...origin)
  expect(again).toContain('These are not the keys production runs with.')
  expect(again).toContain('from the person who deployed or rotated last')
  await done(ben, 'deploy')
  expectKeysOf(ben)
  expect(await refused(ada, 'rotate', 'tokens')).toContain('These are not the keys')
})

test('a first deploy that another one overtook later is refused for its keys, not for a migration', async () => {
  const { kv } = ada.api.account
  const namespaces = [...kv]
  const remake = unmake()
  for (const [id, namespace] of namespaces) kv.set(id, namespace)
  const acted = before('PUT /workers/scripts/mcp-edge-objects', remake)
  const { status, output } = await ada.run('deploy')
  await acted()
  expect(status).toBe(1)
  expect(output).toContain('These are not the keys production runs with.')
  expectKeysOf(ben)
})

test('with the files of the one who won, both deploy and rotate', async () => {
  copyFiles(ben, ada)
  await done(ada, 'rotate', 'tokens')
  expectKeysOf(ada)
  expect(keyFile(ada).generation).toBe(2)
})

test.each([
  ['rotate', 'seals'],
  ['deploy'],
  ['secret', 'oauth', 'put', 'OIDC_CLIENT_SECRET'],
  ['mint-owner-link'],
  ['machine', 'add', 'ci', '--server', 'clock'],
] as const)('with the copy of before that rotation, `%s` is refused', async (script, ...args) => {
  const output = await refused(ben, script, ...args)
  expect(output).toMatch(/an older copy: mcp-edge-oauth has generation 2.*, this file has 1/)
  expect(output).toContain('npm run rotate everything')
  expectKeysOf(ada)
})

test('doctor names the older copy; without a copy there is nothing to fit', async () => {
  const { status, output } = await ben.run('doctor', '--env', 'production', '--json')
  expect(status).toBe(1)
  const findings = JSON.parse(output) as { subject: string; level: string; what: string }[]
  expect(findings).toContainEqual(
    expect.objectContaining({
      subject: KEYS,
      level: 'problem',
      what: expect.stringContaining('older copy'),
    }),
  )
  ben.checkout.remove('.keys')
  await done(ben, 'deploy', '--dry-run')
})

test('a key of the platform is not set by hand', async () => {
  const output = await refused(ada, 'secret', 'router', 'delete', 'SIGNING_KEY')
  expect(output).toContain('npm run rotate -- --help')
})

test('two rotations at once: the second one to be sent says so, and its repetition leaves one copy', async () => {
  copyFiles(ada, ben)
  const send = 'PATCH /workers/scripts/mcp-edge-oauth/secrets-bulk'
  const acted = before(send, () => done(ben, 'rotate', 'tokens'))
  const both = await ada.run('rotate', 'tokens')
  await acted()
  expect(both.status).toBe(1)
  expect(both.output).toContain('Another person sent keys of production at the same moment.')
  await done(ada, 'rotate', 'tokens')
  expectKeysOf(ada)
  expect(await refused(ben, 'rotate', 'tokens')).toContain('another copy')
})

test('a rotation that was broken off: an older copy changes nothing, a deploy without one may go, then it ends', async () => {
  const cut = await ada.interruptAt(
    /^PATCH \/workers\/scripts\/mcp-edge-router\/secrets-bulk$/,
    'rotate',
    'capabilities',
  )
  expect(cut.status, cut.output).toBe(130)
  expect(await refused(ben, 'deploy', 'objects')).toContain('These are not the keys')
  ben.checkout.remove('.keys')
  await done(ben, 'deploy', 'objects')
  await done(ada, 'rotate', 'capabilities')
  expectKeysOf(ada)
})

test('keys of another copy that came in beside ours are replaced by the next deploy', async () => {
  const objects = ada.api.account.scripts.get('mcp-edge-objects')!
  const live = objects.versions.indexOf(liveVersion(objects))
  const stranger = { type: 'secret_text', name: `KEYS_1_${'e'.repeat(16)}`, text: 'pin' }
  const replaced = liveVersion(objects).bindings.map((binding) =>
    binding.name === 'CAPABILITY_SECRETS' ? { ...binding, text: 'k1:of-another-copy' } : binding,
  )
  objects.versions[live] = { ...objects.versions[live]!, bindings: [...replaced, stranger] }
  const { output } = await ada.run('doctor', '--env', 'production')
  expect(output).toContain('was sent the keys of two copies at once')
  // The other Worker gets a secret of the operator's own: its pin stays.
  const env = { OIDC_CLIENT_SECRET: 's3cret' }
  const { status, output: said } = await ada.runWithEnv(env, 'deploy', 'objects', 'oauth')
  expect(status, said).toBe(0)
  expect(secretsIn('oauth').get('OIDC_CLIENT_SECRET')).toBe('s3cret')
  expectKeysOf(ada)
})

test('keys that are lost: all are made anew, whatever copy is here, and every older copy is refused', async () => {
  copyFiles(ada, ben)
  ada.checkout.remove('.keys')
  await done(ada, 'rotate', 'everything', '--yes')
  expectKeysOf(ada)
  expect(await refused(ben, 'rotate', 'tokens')).toContain('an older copy')
})

test('another account: refused with both named; `--account` alone builds a second one', async () => {
  const other = 'b'.repeat(32)
  const commands = [['deploy'], ['rotate', 'tokens'], ['backup', '--adopt']] as const
  for (const [script, ...args] of commands) {
    const seen = ada.api.requests.length
    const run = await ada.runWithEnv({ CLOUDFLARE_ACCOUNT_ID: other }, script, ...args)
    expect(run.status).toBe(1)
    expect(run.output).toContain(ada.api.account.id)
    expect(run.output).toContain(`--account ${other}`)
    expect(ada.api.requests.slice(seen)).toEqual([])
  }
  const mistaken = await ada.run('deploy', '--account', other)
  expect(mistaken.output).toContain(`You are signed in to account ${ada.api.account.id}`)
  const elsewhere = await startCloudflareApi(other)
  const meant = await ada.runWithEnv(elsewhere.env, 'deploy', '--dry-run', '--account', other)
  await elsewhere.close()
  expect(meant.status, meant.output).toBe(0)
  expect(meant.output).toMatch(/create KV namespace.*\n(.*\n)*.*write deploy.production.json/)

  // Which account, when the sign-in reaches several: the one settings name.
  const pinned = await ada.runWithEnv({ CLOUDFLARE_ACCOUNT_ID: '' }, 'deploy', '--dry-run')
  expect(pinned.status, pinned.output).toBe(0)
})
