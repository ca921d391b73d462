/**
 * Remedies in an environment that is not production: each command line that any command prints there
 * names it, and what cannot be undone is not done unasked.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ENVIRONMENT_COMMANDS } from '#shared/lib/next-command.ts'
import { liveVersion, type Script, type Version } from '../cloudflare-api/account.ts'
import { createDeployed, type Deployed, type ScriptRun } from './_deployed.ts'

const MANY_RUNS_MS = 240_000
vi.setConfig({ testTimeout: MANY_RUNS_MS })

const ENV = ['--env', 'staging'] as const
const COMMAND = new RegExp(`npm run (?:${Object.keys(ENVIRONMENT_COMMANDS).join('|')})\\b.*`, 'g')
/** Alike in all environments. */
const NEUTRAL = /-- --(help|local)\b|--env dev\b/

let deployed: Deployed

beforeAll(async () => {
  deployed = await createDeployed()
}, MANY_RUNS_MS)
afterAll(() => deployed.close())

/** Command lines of an output, but for its heading: that is what was typed. */
const commandsIn = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('✘ '))
    .flatMap((line) => line.match(COMMAND) ?? [])

function expectNamed(output: string): void {
  for (const line of commandsIn(output)) {
    if (!NEUTRAL.test(line)) expect(line, output).toContain('--env staging')
  }
}

/** Runs a command for staging and looks at every command line it prints. */
async function run(script: string, ...args: string[]): Promise<ScriptRun> {
  const result = await deployed.run(script, ...args, ...ENV)
  expectNamed(result.output)
  return result
}

/** Likewise, where it must end in a remedy that holds `remedy`. */
async function refused(remedy: string, script: string, ...args: string[]): Promise<ScriptRun> {
  const result = await run(script, ...args)
  expect(result.status, result.output).not.toBe(0)
  expect(commandsIn(result.output).join('\n'), result.output).toContain(remedy)
  return result
}

const keyFile = (): Record<string, unknown> =>
  JSON.parse(deployed.checkout.read('.keys/staging.json')) as Record<string, unknown>

/** Does something with another key file, and puts the one of before back. */
async function withKeyFile(text: string | undefined, act: () => Promise<unknown>): Promise<void> {
  const path = '.keys/staging.json'
  const before = deployed.checkout.read(path)
  if (text === undefined) rmSync(join(deployed.checkout.folder, path))
  else deployed.checkout.write(path, text)
  await act()
  deployed.checkout.write(path, before)
}

const script = (name: string): Script => deployed.api.account.scripts.get(name) as Script

/** The live version of a Worker, changed behind the platform's back. */
function change(name: string, edit: (version: Version) => Version): void {
  const { versions } = script(name)
  const live = versions.indexOf(liveVersion(script(name)))
  versions[live] = edit(versions[live]!)
}

test.each([
  'deploy',
  'mint-owner-link',
  'secret clock put KEY',
  'machine add ci --server clock',
  'api-key list',
  'catalog list',
  'remove clock',
  'rotate tokens',
  'doctor',
])('before it was deployed: %s', async (line) => {
  const remedy = 'npm run deploy -- --env staging --origin https://'
  await refused(remedy, ...(line.split(' ') as [string]))
})

describe('deployed', () => {
  beforeAll(async () => {
    const { status, output } = await run('deploy', '--origin', deployed.origin)
    expect(status, output).toBe(0)
    await deployed.serve('staging')
  }, MANY_RUNS_MS)

  test.each([
    'remove',
    'rename',
    'secret clock put',
    'secret nowhere put KEY',
    'rotate',
    'machine remove nobody',
    'deploy nowhere',
    'mint-owner-link --nothing',
  ])('used wrongly: %s', async (line) => {
    expect((await run(...(line.split(' ') as [string]))).status).toBe(1)
  })

  test('keys that are lost, unreadable or half rotated', async () => {
    const everything = 'npm run rotate everything -- --env staging'
    await withKeyFile(undefined, async () => {
      await refused(everything, 'rotate', 'tokens')
      const { output } = await run('doctor', '--json')
      expect(output).toContain(everything)
    })
    await withKeyFile('{', () => refused(everything, 'rotate', 'tokens'))
    await withKeyFile(JSON.stringify({ ...keyFile(), rotating: 'seals' }), async () => {
      const seals = 'npm run rotate seals -- --env staging'
      await refused(seals, 'rotate', 'tokens')
      await refused(seals, 'deploy')
      expect((await run('doctor', '--json')).output).toContain(seals)
    })
    const { keys } = keyFile() as { keys: Record<string, unknown> }
    const halfway = { ...keyFile(), keys: { ...keys, nextAnchor: keys['anchor'] } }
    await withKeyFile(JSON.stringify(halfway), () =>
      refused('npm run rotate anchor -- --env staging', 'rotate', 'anchor', '--finish'),
    )
  })

  test('doctor, of everything it can find', async () => {
    const { account } = deployed.api
    const before = new Map([...account.scripts].map(([name, one]) => [name, structuredClone(one)]))
    change('mcp-edge-router--staging', (version) => ({
      ...version,
      compatibilityDate: '2025-01-01',
      bindings: version.bindings.filter(({ name }) => !['DPOP_SECRET', 'FEED'].includes(name)),
    }))
    change('clock--staging', (version) => ({ ...version, modules: [] }))
    const old = 'mcp-edge-old--staging'
    account.scripts.set(old, { ...script('clock--staging'), name: old })
    deployed.checkout.write('workers/unused/wrangler.toml', 'name = "unused"\n')
    const settings = deployed.checkout.read('deploy.staging.json')
    const withIdp = { ...JSON.parse(settings), vars: { oauth: { OIDC_ISSUER: 'https://x.test' } } }
    deployed.checkout.write('deploy.staging.json', JSON.stringify(withIdp))
    const keys = keyFile() as { keys: { signing: { expiresAtSeconds: number } } }
    keys.keys.signing.expiresAtSeconds = 1
    await withKeyFile(JSON.stringify(keys), async () => {
      const { output, status } = await run('doctor', '--json')
      expect(status).toBe(1)
      for (const line of [
        'npm run deploy -- --env staging',
        'npm run deploy clock -- --env staging',
        'npm run deploy unused -- --env staging',
        'npm run rotate signing -- --env staging',
        'npm run secret oauth put OIDC_CLIENT_SECRET -- --env staging',
      ]) {
        expect(output).toContain(line)
      }
    })
    account.scripts.delete('clock--staging')
    deployed.checkout.remove('workers/unused')
    const gone = await run('doctor', '--json')
    expect(gone.output).toContain('npm run remove clock -- --env staging')
    deployed.checkout.write('deploy.staging.json', settings)
    account.scripts.clear()
    for (const [name, one] of before) account.scripts.set(name, one)
  })

  test('pages and refusals of the Workers', async () => {
    const page = async (): Promise<string> => {
      const answer = await fetch(`${deployed.origin}/login/owner`)
      const text = (await answer.text()).replaceAll(/<[^>]*>/g, '\n')
      expect(text).not.toContain('npm run dev')
      expectNamed(text)
      return text
    }
    const link = 'npm run owner-link -- --env staging'
    expect(await page()).toMatch(new RegExp(`can sign in here yet[^]*${link}`))
    await run('mint-owner-link')
    await deployed.serve('staging')
    expect(await page()).toMatch(new RegExp(`Open the sign-in link[^]*${link}`))
    const made = await run('api-key', 'create', '--name', 'x', '--subject', 'x', '--all-servers')
    expect(made.output).toContain('npm run deploy oauth -- --env staging')
    await run('api-key', 'rotate', '0123456789abcdef')
    await run('catalog', 'show', 'clock', '--token', 'none')
  })

  describe('what cannot be undone', () => {
    /** Without a terminal: what was sent or written. */
    async function unasked(...[name, ...args]: [string, ...string[]]): Promise<string> {
      const seen = deployed.api.requests.length
      const keys = deployed.checkout.read('.keys/staging.json')
      const { status, output } = await run(name, ...args)
      expect(status, output).toBe(2)
      expect(output).toContain('cannot be undone, and there is no terminal to ask at.')
      expect(deployed.api.requests.slice(seen).filter((each) => !each.startsWith('GET '))).toEqual(
        [],
      )
      expect(deployed.checkout.read('.keys/staging.json')).toBe(keys)
      return output
    }

    test.each([
      ['rotate everything', 'npm run rotate everything -- --env staging --yes'],
      ['rotate tokens --leaked', 'npm run rotate tokens -- --env staging --leaked --yes'],
      ['remove clock', 'npm run remove clock -- --env staging --yes'],
      ['rename clock watch', 'npm run rename clock watch -- --env staging --yes'],
      ['secret clock delete KEY', 'npm run secret clock delete KEY -- --env staging --yes'],
      [
        'catalog republish --start-over --distrust',
        'npm run catalog -- republish --env staging --start-over --distrust --yes',
      ],
      ['catalog remove clock', 'npm run catalog -- remove clock --env staging --yes'],
      [
        'deploy --origin https://other.example',
        'npm run deploy -- --env staging --origin https://other.example --yes',
      ],
    ])('%s is not done unasked', async (line, remedy) => {
      expect(await unasked(...(line.split(' ') as [string]))).toContain(`→ To go on: ${remedy}`)
    })

    test('machine remove and api-key revoke neither', async () => {
      expect((await run('machine', 'add', 'ci', '--server', 'clock')).status).toBe(0)
      const remedy = 'npm run machine remove ci -- --env staging --yes'
      expect(await unasked('machine', 'remove', 'ci')).toContain(remedy)
      const registry = () => deployed.checkout.read('.keys/machines.staging.json')
      expect(registry()).toContain('ci')
      expect((await run('machine', 'remove', 'ci', '--yes')).status).toBe(0)
      expect(registry()).not.toContain('ci')

      const args = ['--name', 'Export', '--subject', 'x', '--all-servers', '--json']
      const { output } = await run('api-key', 'create', ...args)
      const { id = '' } = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '{}') as { id?: string }
      const said = await unasked('api-key', 'revoke', id)
      expect(said).toContain(`npm run api-key -- revoke ${id} --env staging --yes`)
      expect(said).toContain('Export')
      expect((await run('api-key', 'revoke', id, '--yes')).output).toContain('Revoked Export')
    })

    test('with a terminal the name must be typed', async () => {
      const remove = (text: string) => deployed.runAtTerminal(text, 'remove', 'clock', ...ENV)
      const [controlC, controlD] = ['\u0003', '\u0004']
      for (const text of ['yes\r', '\r', controlC, controlD]) {
        const { status, output } = await remove(text)
        expect([status, output.includes('Nothing was changed.')], output).toEqual([1, true])
      }
      expect(deployed.api.account.scripts.has('clock--staging')).toBe(true)
      const { status, output } = await remove('clock\r')
      expect(status, output).toBe(0)
      expect(deployed.api.account.scripts.has('clock--staging')).toBe(false)
    })
  })
})
