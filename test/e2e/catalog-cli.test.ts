/** `npm run catalog`, from signing in through a browser to a gate that stays shut. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../scripts/root.ts'
import { grayServer } from './_gray.ts'
import { decide, Person, signInAsOwner } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { modern, send } from './_wire.ts'

let platform: Platform
const folder = mkdtempSync(join(tmpdir(), 'catalog-'))

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: {
      shelf: grayServer(
        'shelf',
        `[{ tools: { put: tool('Put a book away'), take: tool('Take a book') } }]`,
      ),
    },
  })
  const token = await mintToken(platform.mcpUrl('shelf'))
  await send(platform.origin, { path: '/shelf/mcp', ...modern('tools/list', {}, { token }) })
})
afterAll(async () => {
  await run(['logout'])
  rmSync(folder, { recursive: true })
  await platform.close()
})

interface Ran {
  code: number
  out: string
  err: string
}

/** @param onError is given what was said on stderr so far */
function run(args: string[], onError: (text: string) => void = () => undefined): Promise<Ran> {
  return new Promise((resolve) => {
    const command = ['scripts/catalog.ts', ...args, '--url', platform.origin]
    const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
    child.stderr.on('data', (chunk: Buffer) => {
      err += String(chunk)
      onError(err)
    })
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }))
  })
}

const fileOf = (name: string, value: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(value))
  return path
}

/** A person who opens the address the command prints, signs in as the owner and allows. */
async function allow(url: string): Promise<void> {
  const person = new Person(platform.origin)
  const first = await person.open(url)
  const asksWho = new URL(first.url).pathname === '/login/owner'
  const consent = asksWho
    ? await signInAsOwner(person, platform.origin, platform.ownerToken)
    : first
  expect(consent.html).toContain('catalog:admin')
  const { leftFor } = await decide(person, consent, 'approve')
  expect((await fetch(leftFor!)).status).toBe(200)
}

test('signs in through the browser once, and keeps the token to itself', async () => {
  let opened: Promise<void> | undefined
  const listed = await run(['list'], (text) => {
    const url = /http:\/\/localhost:\d+\/oauth\/authorize\S+/.exec(text)?.[0]
    if (url) opened ??= allow(url)
  })
  await opened
  expect([listed.code, listed.err.includes('Open this')]).toEqual([0, true])
  expect(listed.out).toMatch(/^shelf +private/m)
  expect(statSync(join(ROOT, '.gen', 'catalog-tokens.json')).mode & 0o777).toBe(0o600)

  const again = await run(['list', '--json'])
  expect(again.err).toBe('')
  expect(JSON.parse(again.out).servers).toContainEqual(expect.objectContaining({ name: 'shelf' }))
})

describe('signed in', () => {
  test('edits, explains, and takes back', async () => {
    const edited = await run([
      'override',
      'shelf',
      '{"tools":{"put":{"description":"Shelve"}}}',
      '--note',
      'shorter',
    ])
    expect([edited.code, edited.out.includes('overridden')]).toEqual([0, true])
    const can = await run(['can', 'bob', 'shelf', 'tool:put', '--tenant', 'acme'])
    expect(can.out).toContain('hidden')
    const history = await run(['history', 'shelf'])
    expect(history.out).toMatch(/override.*shorter/)
    expect((await run(['rollback', 'shelf'])).code).toBe(0)
    expect((await run(['show', 'shelf'])).out).not.toContain('live      overridden')
  })

  test('binds a canary to a latency alone, and keeps the note of a policy', async () => {
    const canary = ['canary', 'shelf', '--percent', '1', '--override', '{"title":"Books"}']
    const said = await run([...canary, '--max-p95-ms', '500', '--json'])
    expect(JSON.parse(said.out).server.labels.canary.rollback).toEqual({
      maxErrorPercent: 100,
      minCalls: 20,
      maxP95Ms: 500,
    })
    expect((await run(['rollback', 'shelf'])).code).toBe(0)
    await run(['policy', 'shelf', '{"tenants":["default"]}', '--note', 'after an incident'])
    expect((await run(['history', 'shelf'])).out).toContain('after an incident')
  })

  test('exports to a file and imports it, which changes nothing', async () => {
    const file = join(folder, 'catalog.json')
    expect((await run(['export', file])).code).toBe(0)
    const imported = await run(['import', file])
    expect([imported.code, imported.out.includes('callers see what they saw')]).toEqual([0, true])
    expect(imported.err).toContain('Reading in')
  })

  test('a promotion stays shut while the canary leads to the wrong tools', async () => {
    const pairs = fileOf('pairs.json', [{ task: 'return a novel', server: 'shelf', tool: 'put' }])
    const words = (text: string) => JSON.stringify({ tools: { put: { description: text } } })
    await run(['canary', 'shelf', '--percent', '10', '--override', words('Do it')])
    const gate = ['promote', 'shelf', '--eval', pairs, '--min-recall-at-5', '1']
    const shut = await run(gate)
    expect([shut.code, shut.out.includes('Below what was asked for: canary')]).toEqual([1, true])
    await run(['canary', 'shelf', '--percent', '10', '--override', words('Return a novel')])
    expect((await run(gate)).code).toBe(0)
  })

  test.each([
    ['an unknown command', ['frobnicate'], 'There is no command'],
    ['an unknown server', ['show', 'nobody'], 'There is no server "nobody"'],
    ['no server at all', ['show'], 'show <server>'],
    ['JSON that is none', ['override', 'shelf', '{'], 'is not JSON'],
    ['a share that is none', ['canary', 'shelf', '--percent', 'many'], '--percent wants a number'],
    ['a canary of 130 %', ['canary', 'shelf', '--percent', '130', '--override', '{}'], 'percent'],
    [
      'calls before no threshold',
      ['canary', 'shelf', '--percent', '1', '--min-calls', '5'],
      '--max',
    ],
    ['an argument too many', ['show', 'shelf', 'put'], 'show takes no put. It is: show <server>'],
    ["another command's option", ['show', 'shelf', '--percent', '5'], 'show takes no --percent'],
    ['a token that is none', ['list', '--token', 'x'], 'Run it again to sign in'],
  ])('says what is wrong with %s', async (_, args, words) => {
    const { code, out, err } = await run(args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(words)
    expect(err).not.toContain('    at ')
  })
})
