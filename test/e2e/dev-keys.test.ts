/** Keys rotated and machines registered while `npm run dev` runs: each by one command, nobody signed out. */
import { decodeProtectedHeader } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCheckout } from './_checkout.ts'
import { freePort, runDev, type DevRun } from './_dev.ts'
import { approve, begin, INSECURE, redeem, refresh, type Flow } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { legacy, send } from './_wire.ts'

const START_MS = 50_000

const checkout = createCheckout()
let dev: DevRun
let origin: string
let flow: Flow
let machineSecret: string
let tokens: oauth.TokenEndpointResponse

beforeAll(async () => {
  machineSecret = secretIn(run('machine', 'add', 'ci-runner', '--server', 'clock'))
  const port = await freePort()
  origin = `http://localhost:${port}`
  dev = runDev(['--port', String(port)], checkout.folder)
  const started = () => expect(dev.output()).toContain('Ctrl-C ends everything')
  await vi.waitFor(started, { timeout: START_MS, interval: 200 })
  const [, ownerToken = ''] = /token=([\w-]+)/.exec(dev.output()) ?? []
  await fetch(`${origin}/clock/mcp`, { method: 'POST' })
  flow = await begin(origin, { resource: `${origin}/clock/mcp` })
  tokens = await redeem(flow, await approve(new Person(origin), flow, ownerToken))
})
afterAll(async () => {
  dev.child.kill('SIGINT')
  await dev.exitCode
  checkout[Symbol.dispose]()
})

function run(script: string, ...args: string[]): string {
  const ran = checkout.run(process.execPath, `scripts/${script}.ts`, ...args, '--env', 'dev')
  expect(ran).toMatchObject({ status: 0 })
  return ran.output
}

/** Makes changes and waits until dev runs with the last of them. */
async function whileItRuns(change: () => void): Promise<void> {
  const before = dev.output().length
  change()
  const again = () => expect(dev.output().slice(before)).toMatch(/starting again[^]*✓ Servers/)
  await vi.waitFor(again, { timeout: START_MS, interval: 200 })
}

const secretIn = (output: string): string => String(/client_secret\s+(\S+)/.exec(output)?.[1])

async function machineStatus(secret: string): Promise<number> {
  const client = { client_id: 'machine_ci_runner' }
  const by = oauth.ClientSecretPost(secret)
  return (await oauth.clientCredentialsGrantRequest(flow.as, client, by, {}, INSECURE)).status
}

async function callWith(token: string): Promise<number> {
  const { headers, body } = legacy('tools/list', {}, { token })
  return (await send(origin, { path: '/clock/mcp', headers, body })).status
}

const publishedKids = async (): Promise<unknown[]> => {
  const answer = await fetch(`${origin}/oauth/jwks`)
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
}

test('after every key is rotated, tokens, refresh tokens and machines of before still count', async () => {
  const { kid } = decodeProtectedHeader(tokens.access_token)
  expect(await publishedKids()).toEqual([kid])
  let secondSecret = ''
  await whileItRuns(() => {
    run('rotate', 'everything')
    secondSecret = secretIn(run('machine', 'rotate', 'ci-runner'))
  })
  await vi.waitFor(async () => expect(await machineStatus(secondSecret)).toBe(200), {
    timeout: START_MS,
    interval: 500,
  })
  expect(await machineStatus(machineSecret)).toBe(200)
  const kids = await publishedKids()
  expect(kids).toHaveLength(2)
  expect(kids).toContain(kid)
  expect(await callWith(tokens.access_token)).toBe(200)
  tokens = { ...tokens, ...(await refresh(flow, String(tokens.refresh_token))) }
  expect(await callWith(tokens.access_token)).toBe(200)
})

test('a leaked key: its tokens count no longer, and a refresh brings a new one', async () => {
  const stolen = tokens.access_token
  await whileItRuns(() => run('rotate', 'tokens', '--leaked'))
  expect(await publishedKids()).toHaveLength(1)
  expect(await callWith(stolen)).toBe(401)
  const renewed = await refresh(flow, String(tokens.refresh_token))
  expect(await callWith(renewed.access_token)).toBe(200)
})
