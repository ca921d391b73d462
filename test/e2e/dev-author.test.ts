/**
 * An author at work while `npm run dev` runs: what is saved shows in the next
 * list, servers come and go, and no mistake stops what ran before it.
 */
import { paced } from '../_pace.ts'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCheckout } from './_checkout.ts'
import { freePort, runDev, type DevRun } from './_dev.ts'

const CHANGE_MS = 40_000

const checkout = createCheckout()
let dev: DevRun
let port: number

beforeAll(async () => {
  // Public, so that a client may look without signing in.
  checkout.write('workers/clock/policy.json', '{ "visibility": "public" }\n')
  port = await freePort()
  dev = runDev(['--port', String(port)], checkout.folder)
  const started = () => expect(dev.output()).toContain('Ctrl-C ends everything')
  await vi.waitFor(started, { timeout: paced(17_000), interval: 200 })
})
afterAll(async () => {
  dev.child.kill('SIGINT')
  await dev.exitCode
  checkout[Symbol.dispose]()
})

const tool = (said: string): string => `\
import { defineTool } from '#shared'
export default defineTool({ description: '${said}', handler: () => '${said}' })
`

async function withClient<Value>(server: string, use: (client: Client) => Promise<Value>) {
  const client = new Client({ name: 'author', version: '1' })
  const url = new URL(`http://localhost:${port}/${server}/mcp`)
  // The SDK's own types disagree with each other under exactOptionalPropertyTypes.
  await client.connect(new StreamableHTTPClientTransport(url) as Parameters<Client['connect']>[0])
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** name: description, of every tool; what went wrong, when the list cannot be had. */
const listed = (server: string): Promise<string[]> =>
  withClient(server, async (client) => {
    const { tools } = await client.listTools()
    return tools.map(({ name, description }) => `${name}: ${description}`)
  }).catch((error: unknown) => [String(error)])

const called = (server: string, name: string): Promise<unknown> =>
  withClient(server, async (client) => (await client.callTool({ name })).content)

/** Waits until dev says that the change runs, and looks once: the very next list must show it. */
async function afterBuild(change: () => void): Promise<string[]> {
  const before = dev.output().length
  change()
  await expect
    .poll(() => dev.output().slice(before), { timeout: CHANGE_MS })
    .toMatch(/✓ clock: build[^]*Local server updated and ready/)
  return listed('clock')
}

test('a tool that is added, changed or deleted shows in the next list', async () => {
  expect(await listed('clock')).toHaveLength(1)
  const path = 'workers/clock/tools/chime.ts'
  expect(await afterBuild(() => checkout.write(path, tool('Chime')))).toContain('chime: Chime')
  expect(await called('clock', 'chime')).toEqual([{ type: 'text', text: 'Chime' }])
  expect(await afterBuild(() => checkout.write(path, tool('Strike')))).toContain('chime: Strike')
  expect(await afterBuild(() => checkout.remove(path))).toHaveLength(1)
})

test('a mistake is one screen; what ran before it runs on, and the correction is taken', async () => {
  const path = 'workers/clock/tools/chime.ts'
  checkout.write(path, 'export default defineTool({')
  await expect
    .poll(dev.output, { timeout: CHANGE_MS })
    .toMatch(/✘ workers\/clock\/tools\/chime\.ts:1:\d+\n/)
  expect(await listed('clock')).toEqual(['now: Tell the current date and time in a time zone'])
  expect(await afterBuild(() => checkout.write(path, tool('Chime')))).toContain('chime: Chime')
})

test('a new server is served without a restart by hand, once it builds', async () => {
  const bad = "export const nothing = 'yet'\n"
  checkout.write('workers/bells/tools/ring.ts', bad)
  checkout.write('workers/bells/policy.json', '{ "visibility": "public" }\n')
  const config = checkout.read('workers/clock/wrangler.toml').replaceAll('clock', 'bells')
  checkout.write('workers/bells/wrangler.toml', config)
  await expect
    .poll(dev.output, { timeout: CHANGE_MS })
    .toMatch(/✘ workers\/bells\/tools\/ring\.ts\n +It has no default export/)
  expect(await listed('clock')).toHaveLength(2)

  checkout.write('workers/bells/tools/ring.ts', tool('Ring'))
  await expect.poll(dev.output, { timeout: CHANGE_MS }).toContain('workers/bells is new')
  await expect.poll(() => listed('bells'), { timeout: CHANGE_MS }).toEqual(['ring: Ring'])
})

test('a server whose folder is removed is no longer served', async () => {
  checkout.remove('workers/bells')
  await expect.poll(dev.output, { timeout: CHANGE_MS }).toContain('workers/bells is gone')
  await expect
    .poll(async () => (await fetch(`http://localhost:${port}/health`).catch(() => undefined))?.ok, {
      timeout: CHANGE_MS,
    })
    .toBe(true)
  expect(await listed('clock')).toHaveLength(2)
  expect(dev.output()).not.toContain('ended by itself')
})
