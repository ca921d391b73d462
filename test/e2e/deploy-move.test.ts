/**
 * From each form of SERVERS to each other one, with a server that keeps data in KV, D1
 * and R2: bindings → namespace → URL template → namespace → bindings → URL template →
 * bindings is all six. Real scripts, real wrangler; the uploaded bundles run after each
 * move and a client that signed in before the first one calls on.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ApiError, liveVersion, type Binding, type Script } from '../cloudflare-api/account.ts'
import { paced } from '../_pace.ts'
import { createDeployed, type Deployed, type ScriptRun } from './_deployed.ts'
import { modernSdk, type MemoryOAuthStore } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'

const MANY_RUNS_MS = paced(60_000)
vi.setConfig({ testTimeout: MANY_RUNS_MS })

const NAMESPACE = 'namespace:mcp-servers'
const URLS = 'https://{name}.acme.workers.dev'

const WRANGLER_TOML = `
name = "keeper"
main = ".gen/index.ts"
compatibility_date = "2026-10-01"
compatibility_flags = ["enable_request_signal"]
workers_dev = false
kv_namespaces = [{ binding = "KEPT" }]
d1_databases = [{ binding = "ROWS" }]
r2_buckets = [{ binding = "FILES" }]

[[queues.producers]]
binding = "LATER"
queue = "keeper-later"

[build]
command = "npx --no mcp-edge-gen keeper"
`

/** Keeps a text in all three, and answers what each of them has. */
const KEEP = `
import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Keep a text and tell all that are kept',
  input: z.object({ text: z.string() }),
  output: z.object({ kv: z.array(z.string()), d1: z.array(z.string()), r2: z.array(z.string()) }),
  async handler({ text }, { env }) {
    await env.KEPT.put(text, '1')
    await env.ROWS.exec('CREATE TABLE IF NOT EXISTS kept (text TEXT)')
    await env.ROWS.prepare('INSERT INTO kept VALUES (?)').bind(text).run()
    await env.FILES.put(text, '1')
    const { results } = await env.ROWS.prepare('SELECT text FROM kept').all()
    return {
      kv: (await env.KEPT.list()).keys.map(({ name }) => name).sort(),
      d1: results.map((row) => row.text).sort(),
      r2: (await env.FILES.list()).objects.map(({ key }) => key).sort(),
    }
  },
})
`

let deployed: Deployed
/** Of a client that signed in before the first move. */
let store: MemoryOAuthStore
const kept: string[] = []

const settings = (): Record<string, unknown> =>
  JSON.parse(deployed.checkout.read('deploy.production.json')) as Record<string, unknown>
const ordinary = (): Script | undefined => deployed.api.account.scripts.get('keeper')
const inNamespace = (): Script | undefined =>
  deployed.api.account.namespaces.get('mcp-servers')?.get('keeper')
const bindingsOf = (script: Script | undefined): readonly Binding[] =>
  script ? liveVersion(script).bindings : []

/** Calls the server through the router, and expects all that was ever kept, in all three. */
async function expectKept(): Promise<void> {
  const text = `text-${kept.length}`
  kept.push(text)
  await deployed.serve()
  const connection = await modernSdk.connect(new URL('/keeper/mcp', deployed.origin), store)
  const answer = await connection.call('keep', { text })
  await connection.close()
  expect(JSON.parse(answer.text)).toEqual({ kv: kept, d1: kept, r2: kept })
}

/** The server and the router alone: the rest of the platform is the same in every form. */
async function moveTo(form: string): Promise<ScriptRun> {
  const result = await deployed.run('deploy', 'router', 'keeper', '--servers', form)
  expect(result.status, result.output).toBe(0)
  expect(settings()).toMatchObject({ servers: form })
  expect(settings()).not.toHaveProperty('movedFrom')
  await expectKept()
  return result
}

beforeAll(async () => {
  deployed = await createDeployed([])
  deployed.checkout.write('workers/keeper/wrangler.toml', WRANGLER_TOML)
  deployed.checkout.write('workers/keeper/tools/keep.ts', KEEP)
  const { status, output } = await deployed.run('deploy', '--origin', deployed.origin)
  expect(status, output).toBe(0)
  await deployed.serve()
  const platform = await deployed.platform()
  const url = platform.mcpUrl('keeper')
  store = await signIn(modernSdk, url, (page) => allowAsOwner(platform, page))
  await expectKept()
}, MANY_RUNS_MS)
afterAll(() => deployed.close())

test('bindings → namespace: broken off and refused, callers and settings stay; then it ends', async () => {
  const { api } = deployed
  const upload = /^PUT \/workers\/dispatch\/namespaces\/mcp-servers\/scripts\/keeper$/
  const move = ['router', 'keeper', '--servers', NAMESPACE]
  const cut = await deployed.interruptAt(upload, 'deploy', ...move)
  expect(cut.status, cut.output).toBe(130)
  expect(settings()).toMatchObject({ servers: 'bindings' })

  api.intercept = (request) => {
    if (request === 'POST /workers/scripts/mcp-edge-router/versions') {
      throw new ApiError(400, 10021, 'Script startup exceeded CPU time limit.')
    }
  }
  const refused = await deployed.run('deploy', ...move)
  api.intercept = () => {}
  expect(refused.output).toContain('Script startup exceeded CPU time limit.')
  expect(settings()).toMatchObject({ servers: 'bindings' })
  await expectKept()

  await moveTo(NAMESPACE)
  expect(inNamespace()).toBeDefined()
  expect(ordinary(), 'the Worker of the form before').toBeUndefined()
  expect(deployed.api.account.kv.size).toBe(2)
})

test('in a namespace beside a Worker of its name: what it has stays its own, and a move is refused', async () => {
  const { scripts } = deployed.api.account
  const own = bindingsOf(inNamespace())
  const stranger = structuredClone(inNamespace()!)
  const [version] = stranger.versions.splice(0)
  const foreign = { type: 'queue', name: 'LATER', queue_name: 'keeper-later' }
  const bindings = [{ type: 'plain_text', name: 'KEPT', text: 'another Worker' }, foreign]
  stranger.versions.push({ ...version!, modules: [], bindings })
  stranger.deployments.splice(0, Infinity, { id: 'x', createdOn: '', versionId: version!.id })
  scripts.set('keeper', stranger)
  const { status, output } = await deployed.run('deploy', 'keeper')
  expect(status, output).toBe(0)
  expect(bindingsOf(inNamespace())).toEqual(own)

  const moved = await deployed.run('deploy', '--servers', URLS)
  expect(moved.status).toBe(1)
  expect(moved.output).toMatch(/a Worker called keeper that is not of this platform/i)
  expect(scripts.get('keeper')).toBe(stranger)
  expect(settings()).toMatchObject({ servers: NAMESPACE })
  scripts.delete('keeper')
})

test('namespace → URL template: broken off while it tidies, the next deploy removes the rest', async () => {
  const tidies = /^DELETE \/workers\/dispatch\/namespaces\/mcp-servers\/scripts\/keeper$/
  deployed.api.intercept = (request) => {
    if (tidies.test(request)) throw new ApiError(500, 10013, 'An unknown error has occurred.')
  }
  const cut = await deployed.run('deploy', 'router', 'keeper', '--servers', URLS)
  deployed.api.intercept = () => {}
  expect(cut.status, cut.output).toBe(1)
  // The router goes by the new form, and settings say so: it is in force.
  expect(settings()).toMatchObject({ servers: URLS, movedFrom: NAMESPACE })
  await expectKept()

  const again = await deployed.run('deploy', '--servers', 'bindings')
  expect(again.output).toContain('Run first, without --servers: npm run deploy')
  const { status, output } = await deployed.run('deploy', 'keeper')
  expect(status, output).toBe(0)
  expect(output).toContain('The dispatch namespace mcp-servers stays')
  expect(inNamespace()).toBeUndefined()
  expect(settings()).not.toHaveProperty('movedFrom')
  await expectKept()
})

test('URL template → namespace', async () => {
  await moveTo(NAMESPACE)
  expect(ordinary()).toBeUndefined()
})

test('namespace → bindings: secrets are asked for, as they cannot be copied', async () => {
  const put = await deployed.runWith('s3cret\n', 'secret', 'keeper', 'put', 'API_KEY')
  expect(put.status, put.output).toBe(0)
  const refused = await deployed.run('deploy', 'router', 'keeper', '--servers', 'bindings')
  expect(refused.status).toBe(1)
  expect(refused.output).toContain('requires the secret API_KEY')
  const move = ['router', 'keeper', '--servers', 'bindings']
  const moved = await deployed.runWithEnv({ API_KEY: 's3cret' }, 'deploy', ...move)
  expect(moved.status, moved.output).toBe(0)
  expect(bindingsOf(ordinary())).toContainEqual({
    type: 'secret_text',
    name: 'API_KEY',
    text: 's3cret',
  })
  expect(inNamespace()).toBeUndefined()
  await expectKept()
})

test('bindings → URL template', async () => {
  await moveTo(URLS)
  expect(ordinary()?.workersDev).toBe(true)
})

test('URL template → bindings: the address is there until the router goes by the binding', async () => {
  let atTurn: boolean | undefined
  deployed.api.intercept = (request) => {
    if (request === 'POST /workers/scripts/mcp-edge-router/versions') {
      atTurn = ordinary()?.workersDev
    }
  }
  await moveTo('bindings')
  deployed.api.intercept = () => {}
  expect(atTurn).toBe(true)
  expect(ordinary()?.workersDev).toBe(false)
  const { kv, d1, r2, queues } = deployed.api.account
  expect([kv.size, d1.size, r2.size, queues.size]).toEqual([2, 1, 2, 1])
})
