/** An author saves a file while clients of both generations listen to `npm run dev`: they hear of it. */
import { paced } from '../_pace.ts'
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCheckout } from './_checkout.ts'
import { freePort, runDev, type DevRun } from './_dev.ts'

const CHANGE_MS = 40_000

const checkout = createCheckout()
let dev: DevRun
let url: URL

beforeAll(async () => {
  checkout.write('workers/clock/policy.json', '{ "visibility": "public" }\n')
  const port = await freePort()
  url = new URL(`http://localhost:${port}/clock/mcp`)
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

interface Listener {
  changes(): number
  described(): Promise<string[]>
  close(): Promise<void>
}

async function legacyListener(): Promise<Listener> {
  const client = new Client({ name: 'listener', version: '1' })
  let changes = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  const transport = new StreamableHTTPClientTransport(url)
  await client.connect(transport as Parameters<Client['connect']>[0])
  return {
    changes: () => changes,
    described: async () =>
      (await client.listTools()).tools.map(({ description }) => description ?? ''),
    close: () => client.close(),
  }
}

/** Saving starts workerd again, which ends the stream: its user listens again, as the SDK says. */
async function modernListener(): Promise<Listener> {
  const client = new ModernClient(
    { name: 'listener', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  )
  let changes = 0
  let open = true
  client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
  await client.connect(new ModernTransport(url))
  const again = async (): Promise<void> => {
    while (open) {
      try {
        const subscription = await client.listen({ toolsListChanged: true })
        // Nothing is replayed: whoever listens anew lists anew (basic/patterns/subscriptions).
        changes++
        await subscription.closed
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
  const first = await client.listen({ toolsListChanged: true })
  void first.closed.then(again)
  return {
    changes: () => changes,
    described: async () =>
      (await client.listTools()).tools.map(({ description }) => description ?? ''),
    async close() {
      open = false
      await client.close()
    },
  }
}

test('a tool that is added, changed or deleted reaches who listens, of both eras', async () => {
  const listeners = [await legacyListener(), await modernListener()]
  const path = 'workers/clock/tools/chime.ts'
  const steps: [change: () => void, shown: (described: string[]) => boolean][] = [
    [() => checkout.write(path, tool('Chime')), (described) => described.includes('Chime')],
    [() => checkout.write(path, tool('Strike')), (described) => described.includes('Strike')],
    [() => checkout.remove(path), (described) => described.length === 1],
  ]
  for (const [change, shown] of steps) {
    const before = listeners.map(({ changes }) => changes())
    change()
    for (const [index, listener] of listeners.entries()) {
      await expect
        .poll(() => listener.changes(), {
          timeout: CHANGE_MS,
          interval: 100,
          message: `${index === 0 ? 'SDK 1.x' : 'SDK 2.x'} is told`,
        })
        .toBeGreaterThan(before[index] ?? 0)
      expect(shown(await listener.described())).toBe(true)
    }
  }
  for (const listener of listeners) await listener.close()
}, 150_000)
