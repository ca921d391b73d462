/**
 * The official suite's scenarios for authorization servers, headless: the suite prints
 * the address a person would open, and a person opens it, signs in and allows.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../e2e/_dev.ts'
import { discover, registerClient } from '../e2e/_oauth-client.ts'
import { startPlatform, type Platform } from '../e2e/_platform.ts'
import { allowAsOwner } from '../e2e/_sign-in.ts'
import { SUITE, unmet, type Check } from './_suite.ts'

let platform: Platform
const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-authorization-'))
beforeAll(async () => {
  platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Signs in, allows, and goes where the browser would be sent. */
async function answer(address: URL): Promise<void> {
  await fetch(await allowAsOwner(platform, address))
}

interface Outcome {
  readonly code: number | null
  readonly output: string
  /** Of every scenario that ran. */
  readonly checks: ReadonlyMap<string, Check[]>
}

async function run(name: string, args: readonly string[]): Promise<Outcome> {
  const results = join(folder, name)
  const child = spawn(process.execPath, [
    SUITE,
    'authorization',
    '--url',
    platform.origin,
    '-o',
    results,
    ...args,
  ])
  let output = ''
  let opened = false
  const read = (chunk: Buffer): void => {
    output += stripVTControlCharacters(chunk.toString())
    const [address] = /https?:\/\/\S+\/oauth\/authorize\?\S+(?=\s)/.exec(output) ?? []
    if (opened || address === undefined) return
    opened = true
    void answer(new URL(address))
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const checks = readdirSync(results).map((scenario): [string, Check[]] => [
    scenario,
    JSON.parse(readFileSync(join(results, scenario, 'checks.json'), 'utf8')) as Check[],
  ])
  return { code, output, checks: new Map(checks) }
}

// Where metadata offers `none`, as ours does, the suite authenticates no client.
test.each([
  ['no resource named', []],
  ['for one server', ['clock']],
] as const)('a client, %s: every check of every scenario is met', async (title, servers) => {
  const port = await freePort()
  const redirect_uris = [`http://127.0.0.1:${port}/callback`]
  const { client_id } = await registerClient(await discover(platform.origin), { redirect_uris })
  const { code, output, checks } = await run(title.replaceAll(' ', '-'), [
    '--client-id',
    client_id,
    '--port',
    String(port),
    ...servers.flatMap((name) => ['--resource', platform.mcpUrl(name).href]),
  ])
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(checks.size).toBeGreaterThanOrEqual(2)
  const failed = [...checks].flatMap(([scenario, all]) => unmet(all).map((id) => [scenario, id]))
  expect(failed).toEqual([])
})
