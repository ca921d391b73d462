/**
 * Deploying with service bindings (the default form of SERVERS): first, repeated,
 * interrupted everywhere, with a failing upload; then the uploaded bundles answer.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { paced } from '../_pace.ts'
import { ApiError, liveVersion } from '../cloudflare-api/account.ts'
import { createDeployed, type Deployed } from './_deployed.ts'
import { legacySdk, modernSdk } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'

/** Seven runs of wrangler in the longest of these tests. */
const MANY_RUNS_MS = paced(60_000)
vi.setConfig({ testTimeout: MANY_RUNS_MS })

let deployed: Deployed

beforeAll(async () => {
  deployed = await createDeployed()
})
afterAll(() => deployed.close())

const bindingNames = (worker: string): string[] => {
  const script = deployed.api.account.scripts.get(worker)
  return script ? liveVersion(script).bindings.map(({ name }) => name) : []
}

test('without an origin it says how to give one, and touches nothing', async () => {
  const { status, output } = await deployed.run('deploy')
  expect(status).toBe(1)
  expect(output).toContain('npm run deploy -- --origin https://mcp.example.com')
  expect(deployed.api.requests).toEqual([])
})

test('a dry run says what would be done, and neither sends nor writes anything', async () => {
  const { status, output } = await deployed.run('deploy', '--dry-run', '--origin', deployed.origin)
  expect(status, output).toBe(0)
  expect(output).toMatch(/1\. make keys.*\n.*build clock\n.*create KV namespace mcp-edge-catalog/)
  expect(output.indexOf('upload clock')).toBeLessThan(output.indexOf('upload mcp-edge-router'))
  expect(deployed.api.requests.filter((request) => !request.startsWith('GET '))).toEqual([])
  for (const file of ['deploy.production.json', '.keys', 'shared/trust.production.json']) {
    expect(existsSync(join(deployed.checkout.folder, file)), file).toBe(false)
  }
})

test(
  'interrupted at each step, it goes on where it was; the router comes last',
  async () => {
    const { account } = deployed.api
    const origin = ['--origin', deployed.origin]
    for (const request of [
      /^POST \/storage\/kv\/namespaces$/,
      /^PUT \/workers\/scripts\/mcp-edge-objects$/,
      /^PUT \/workers\/scripts\/mcp-edge-oauth$/,
      /^PUT \/workers\/scripts\/clock$/,
    ]) {
      const { status, output } = await deployed.interruptAt(request, 'deploy', ...origin)
      expect(status, output).toBe(130)
      expect(output).toContain('Run the same command again')
      expect(account.scripts.has('mcp-edge-router')).toBe(false)
    }
    expect(account.kv.size).toBe(1)
  },
  MANY_RUNS_MS,
)

test('a refused upload: says why, and nothing can be reached', async () => {
  deployed.api.intercept = (request) => {
    if (request === 'PUT /workers/scripts/mcp-edge-router') {
      throw new ApiError(400, 10021, 'Script startup exceeded CPU time limit.')
    }
  }
  const { status, output } = await deployed.run('deploy')
  deployed.api.intercept = () => {}
  expect(status).toBe(1)
  expect(output).toContain('Script startup exceeded CPU time limit.')
  expect(deployed.api.account.scripts.has('mcp-edge-router')).toBe(false)
})

test('run again it ends live, with what the operator must keep', async () => {
  const { status, output } = await deployed.run('deploy')
  expect(status, output).toBe(0)
  expect(output).toContain(`${deployed.origin}/clock/mcp`)
  expect(output).toContain('Commit deploy.production.json and shared/trust.production.json')
  expect(bindingNames('mcp-edge-router')).toContain('SERVER_clock')
  const keys = join(deployed.checkout.folder, '.keys', 'production.json')
  expect(statSync(keys).mode & 0o777).toBe(0o600)
  expect(JSON.parse(deployed.checkout.read('.keys/production.json')).unsent).toEqual([])
  expect(existsSync(join(deployed.checkout.folder, '.gen/deploy/production/secrets.json'))).toBe(
    false,
  )
  expect(deployed.checkout.read('shared/trust.production.json')).not.toContain('"d"')
})

test.each([legacySdk, modernSdk])(
  '$title signs in by owner link and calls the uploaded tool',
  async (sdk) => {
    await deployed.serve()
    const platform = await deployed.platform()
    const url = platform.mcpUrl('clock')
    const store = await signIn(sdk, url, (page) => allowAsOwner(platform, page))
    const connection = await sdk.connect(url, store)
    expect(await connection.toolNames()).toContain('now')
    expect((await connection.call('now', {})).isError).toBe(false)
    await connection.close()
  },
)

test('repeated without changes: no resource is made, no secret replaced, tokens still count', async () => {
  const platform = await deployed.platform()
  const url = platform.mcpUrl('clock')
  const store = await signIn(modernSdk, url, (page) => allowAsOwner(platform, page))
  const seen = deployed.api.requests.length
  // A deploy needs the key file only for secrets the account lacks.
  deployed.checkout.remove('.keys')
  const { status, output } = await deployed.run('deploy')
  expect(status, output).toBe(0)
  const sent = deployed.api.requests.slice(seen).filter((request) => !request.startsWith('GET '))
  expect(sent.filter((request) => /kv|secrets/.test(request))).toEqual([])
  await deployed.serve()
  const connection = await modernSdk.connect(url, store)
  expect((await connection.call('now', {})).isError).toBe(false)
  await connection.close()
})
