/**
 * The other two forms of SERVERS, where one command of wrangler puts a server live
 * (DESIGN §2): a dispatch namespace, and a template of workers.dev addresses in an
 * environment of its own.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { paced } from '../_pace.ts'
import { ApiError, liveVersion } from '../cloudflare-api/account.ts'
import { createDeployed, type Deployed } from './_deployed.ts'
import { modernSdk } from './_sdk.ts'
import { allowAsOwner, signIn } from './_sign-in.ts'

const MANY_RUNS_MS = paced(60_000)
vi.setConfig({ testTimeout: MANY_RUNS_MS })

/** Signs in for one server and calls its first tool. */
async function callTool(deployed: Deployed, server: string, tool: string, env?: string) {
  await deployed.serve(env)
  const platform = await deployed.platform(env)
  const url = platform.mcpUrl(server)
  const store = await signIn(modernSdk, url, (page) => allowAsOwner(platform, page))
  const connection = await modernSdk.connect(url, store)
  const answer = await connection.call(tool, tool === 'hello' ? { name: 'Ada' } : {})
  await connection.close()
  return answer
}

/**
 * The first deploy, in which the upload of the server is broken off, then refused:
 * nobody reaches anything until the same command ends live.
 */
async function deployAtLast(
  deployed: Deployed,
  { upload, router, args }: { upload: RegExp; router: string; args: readonly string[] },
): Promise<void> {
  const { api } = deployed
  const interrupted = await deployed.interruptAt(upload, 'deploy', ...args)
  expect(interrupted.status, interrupted.output).toBe(130)
  expect(api.account.scripts.has(router)).toBe(false)

  api.intercept = (request) => {
    if (upload.test(request))
      throw new ApiError(400, 10021, 'Script startup exceeded CPU time limit.')
  }
  const refused = await deployed.run('deploy', ...args)
  api.intercept = () => {}
  expect(refused.status).toBe(1)
  expect(refused.output).toContain('Script startup exceeded CPU time limit.')
  expect(api.account.scripts.has(router)).toBe(false)

  const { status, output } = await deployed.run('deploy', ...args)
  expect(status, output).toBe(0)
  expect(api.account.scripts.has(router)).toBe(true)
}

/** A server that was not there when the platform was deployed, put live by wrangler alone. */
async function deployNewServer(deployed: Deployed, ...flags: string[]): Promise<void> {
  const made = deployed.checkout.run('node', 'scripts/new.ts', 'greeter')
  expect(made.status, made.output).toBe(0)
  const args = ['deploy', '-c', 'workers/greeter/wrangler.toml', ...flags]
  const { status, output } = await deployed.exec('wrangler', ...args)
  expect(status, output).toBe(0)
}

describe('a dispatch namespace, then a URL template', () => {
  let deployed: Deployed
  beforeAll(async () => {
    deployed = await createDeployed()
  })
  afterAll(() => deployed.close())

  test('broken off and refused at a server it leaves nothing to reach; the same command ends live', () =>
    deployAtLast(deployed, {
      upload: /^PUT \/workers\/dispatch\/namespaces\/mcp-servers\/scripts\/clock$/,
      router: 'mcp-edge-router',
      args: ['--origin', deployed.origin, '--servers', 'namespace:mcp-servers'],
    }))

  test('holds the servers; the router is bound to it and to no server', async () => {
    const { scripts, namespaces } = deployed.api.account
    expect([...(namespaces.get('mcp-servers')?.keys() ?? [])]).toEqual(['clock'])
    expect(scripts.has('clock')).toBe(false)
    const router = scripts.get('mcp-edge-router')
    const names = router ? liveVersion(router).bindings.map(({ name }) => name) : []
    expect(names).toContain('SERVERS')
    expect(names.filter((name) => name.startsWith('SERVER_'))).toEqual([])
    expect((await callTool(deployed, 'clock', 'now')).isError).toBe(false)
  })

  test('`wrangler deploy --dispatch-namespace` puts a new server live at once', async () => {
    await deployNewServer(deployed, '--dispatch-namespace', 'mcp-servers')
    expect((await callTool(deployed, 'greeter', 'hello')).text).toContain('Ada')
  })

  test('what a server requires is asked for before anything is sent; what it has is found again', async () => {
    const path = 'workers/greeter/wrangler.toml'
    const more =
      '\n[[kv_namespaces]]\nbinding = "NOTES"\n\n[secrets]\nrequired = ["GREETING_KEY"]\n'
    deployed.checkout.write(path, deployed.checkout.read(path) + more)
    const seen = deployed.api.requests.length
    const refused = await deployed.run('deploy', 'greeter')
    expect(refused.status).toBe(1)
    expect(refused.output).toContain('requires the secret GREETING_KEY')
    expect(deployed.api.requests.slice(seen).filter((each) => !each.startsWith('GET '))).toEqual([])

    process.env['GREETING_KEY'] = 's3cret'
    const first = await deployed.run('deploy', 'greeter')
    delete process.env['GREETING_KEY']
    expect(first.status, first.output).toBe(0)
    const again = await deployed.run('deploy', 'greeter')
    expect(again.status, again.output).toBe(0)
    const greeter = deployed.api.account.namespaces.get('mcp-servers')?.get('greeter')
    const bindings = greeter ? liveVersion(greeter).bindings : []
    expect(bindings).toContainEqual({ type: 'secret_text', name: 'GREETING_KEY', text: 's3cret' })
    expect(bindings.map(({ name }) => name)).toContain('NOTES')
    expect(deployed.api.account.kv.size).toBe(2)
  })

  test('a secret reaches the server in the namespace, and goes again', async () => {
    const put = await deployed.runWith('s3cret\n', 'secret', 'greeter', 'put', 'API_KEY')
    expect(put.status, put.output).toBe(0)
    const greeter = deployed.api.account.namespaces.get('mcp-servers')?.get('greeter')
    expect(greeter && liveVersion(greeter).bindings).toContainEqual({
      type: 'secret_text',
      name: 'API_KEY',
      text: 's3cret',
    })
    expect((await deployed.run('secret', 'greeter', 'list')).output).toContain('API_KEY')
    expect((await deployed.run('secret', 'greeter', 'delete', 'API_KEY', '--yes')).status).toBe(0)
    expect((await deployed.run('secret', 'greeter', 'list')).output).not.toContain('API_KEY')
  })

  test('`npm run remove` deletes it there: its URL is nobody’s', async () => {
    const { status, output } = await deployed.run('remove', 'greeter', '--yes')
    expect(status, output).toBe(0)
    expect(deployed.api.account.namespaces.get('mcp-servers')?.has('greeter')).toBe(false)
    await deployed.serve()
    const answer = await fetch(`${deployed.origin}/greeter/mcp`, { method: 'POST' })
    expect(answer.status).toBe(401)
  })

  test('the form may be changed: with a URL template, `wrangler deploy` alone is enough', async () => {
    const form = ['--servers', 'https://{name}.acme.workers.dev']
    const changed = await deployed.run('deploy', 'router', 'clock', ...form)
    expect(changed.status, changed.output).toBe(0)
    const path = 'workers/greeter/wrangler.toml'
    const text = deployed.checkout.read(path)
    const plain = text.slice(0, text.indexOf('\n[[kv_namespaces]]'))
    deployed.checkout.write(path, plain.replace('workers_dev = false', 'workers_dev = true'))
    const { status, output } = await deployed.exec('wrangler', 'deploy', '-c', path)
    expect(status, output).toBe(0)
    expect((await callTool(deployed, 'greeter', 'hello')).text).toContain('Ada')
  })
})

describe('a URL template, in an environment of its own', () => {
  let deployed: Deployed
  beforeAll(async () => {
    deployed = await createDeployed()
  })
  afterAll(() => deployed.close())

  test('a template that names no environment is refused, with one that does', async () => {
    const flags = ['--env', 'staging', '--origin', deployed.origin]
    const refused = await deployed.run(
      'deploy',
      ...flags,
      '--servers',
      'https://{name}.acme.workers.dev',
    )
    expect(refused.status).toBe(1)
    expect(refused.output).toContain('https://{name}--staging.acme.workers.dev')
  })

  test('broken off and refused at a server it leaves nothing to reach; the same command ends live', () => {
    const form = ['--servers', 'https://{name}--staging.acme.workers.dev']
    return deployAtLast(deployed, {
      // What was broken off may have arrived: the next one is a version of it.
      upload: /^(PUT|POST) \/workers\/scripts\/clock--staging(\/versions)?$/,
      router: 'mcp-edge-router--staging',
      args: ['--env', 'staging', '--origin', deployed.origin, ...form],
    })
  })

  test('every Worker, KV namespace and key is of that environment alone', async () => {
    const { scripts, kv } = deployed.api.account
    expect([...scripts.keys()].sort()).toEqual([
      'clock--staging',
      'mcp-edge-oauth--staging',
      'mcp-edge-objects--staging',
      'mcp-edge-router--staging',
    ])
    expect([...kv.values()].map(({ title }) => title)).toEqual(['mcp-edge-catalog--staging'])
    for (const script of scripts.values()) {
      for (const binding of liveVersion(script).bindings) {
        const target = binding['service'] ?? binding['script_name']
        if (target !== undefined) expect(target).toMatch(/--staging$/)
      }
    }
    for (const file of ['.keys/staging.json', 'shared/trust.staging.json', 'deploy.staging.json']) {
      expect(existsSync(join(deployed.checkout.folder, file)), file).toBe(true)
    }
    expect(existsSync(join(deployed.checkout.folder, '.keys/production.json'))).toBe(false)
  })

  test('its servers answer at their own addresses, and only with the router’s word', async () => {
    expect(deployed.api.account.scripts.get('clock--staging')?.workersDev).toBe(true)
    expect((await callTool(deployed, 'clock', 'now', 'staging')).isError).toBe(false)
  })
})
