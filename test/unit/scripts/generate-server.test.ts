/** The generator against author code that is right, and against each thing authors get wrong. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Trust } from '#shared/identity/assertion.ts'
import { generateServer } from '../../../scripts/gen/entry.ts'
import { probe } from '../../../scripts/gen/probe.ts'
import { readServerSource } from '../../../scripts/gen/sources.ts'
import { ROOT } from '../../../scripts/root.ts'

const TRUST: Trust = { anchors: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] }
const HEAD = `import { defineTool } from '#shared'\nimport * as z from 'zod'\n`
const TOOL = `${HEAD}export default defineTool({ description: 'Adds', input: z.object({ a: z.number() }), handler: ({ a }) => a + 1 })`

// Inside the repository: the fixtures import #shared as authors do.
let workers: string
beforeEach(() => {
  mkdirSync(join(ROOT, '.gen'), { recursive: true })
  workers = mkdtempSync(join(ROOT, '.gen', 'unit-'))
})
afterEach(() => rmSync(workers, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(workers, file)), { recursive: true })
  writeFileSync(join(workers, file), text)
}
const generate = () => generateServer(workers, 'calc', TRUST)

describe('an entry', () => {
  test('embeds definitions, digest, trust and policy beside the tools', async () => {
    write('calc/tools/add.ts', TOOL)
    write('calc/policy.json', '{ "visibility": "public" }')
    const built = await generate()
    expect(built).toMatchObject({ name: 'calc', trust: TRUST, policy: { visibility: 'public' } })
    expect(JSON.parse(built.definitionsJson)).toMatchObject({
      serverInfo: { name: 'calc' },
      tools: [{ wire: { name: 'add', description: 'Adds' } }],
    })
    expect(built.digest).toMatch(/^[\w-]{43}$/)
    const entry = readFileSync(join(workers, 'calc/.gen/index.ts'), 'utf8')
    expect(entry).toContain(`import tool0 from '../tools/add.ts'`)
    expect(entry).toContain(built.digest)
  })

  test('is not touched when nothing changed', async () => {
    write('calc/tools/add.ts', TOOL)
    const first = await generate()
    const { mtimeMs } = statSync(join(workers, 'calc/.gen/index.ts'))
    expect(await generate()).toEqual(first)
    expect(statSync(join(workers, 'calc/.gen/index.ts')).mtimeMs).toBe(mtimeMs)
  })

  test('gets a new build id for other code, and a new digest only for other definitions', async () => {
    write('calc/tools/add.ts', TOOL)
    const first = await generate()
    write('calc/tools/add.ts', TOOL.replace('a + 1', 'a + 2'))
    const second = await generate()
    expect(second.digest).toBe(first.digest)
    expect(second.build).not.toBe(first.build)
    write('calc/tools/add.ts', TOOL.replace('Adds', 'Adds one'))
    expect((await generate()).digest).not.toBe(first.digest)
  })

  test('of a hand-written server.ts exports its classes and default-exports the server', async () => {
    write('calc/tools/add.ts', TOOL)
    write(
      'calc/server.ts',
      `import { defineServer } from '#shared'
       import { DurableObject } from 'cloudflare:workers'
       import add from './tools/add.ts'
       export class Room extends DurableObject {}
       export default defineServer({ title: 'Sums', tools: { add } })`,
    )
    const { definitionsJson } = await generate()
    expect(JSON.parse(definitionsJson)).toMatchObject({ serverInfo: { title: 'Sums' } })
    const entry = readFileSync(join(workers, 'calc/.gen/index.ts'), 'utf8')
    expect(entry).toContain(`export * from '../server.ts'`)
  })
})

describe('a mistake is one screen with file and remedy:', () => {
  const mistakes: [string, string, RegExp][] = [
    ['syntax', 'export default (', /tools\/bad\.ts:1:\d+\n.*Unexpected/],
    ['missing import', `import './gone.ts'`, /tools\/bad\.ts:1[^]*Could not resolve/],
    [
      'no default export',
      'export const a = 1',
      /tools\/bad\.ts\n.*no default export[^]*defineTool/,
    ],
    ['default export of another kind', 'export default 1', /tools\/bad\.ts\n[^]*defineTool/],
    [
      'missing description',
      `${HEAD}export default defineTool({ handler: () => 1 } as never)`,
      /tools\/bad\.ts:3\n.*description/,
    ],
    [
      'a schema JSON Schema cannot say',
      `${HEAD}export default defineTool({ description: 'd', input: z.object({ a: z.date() }), handler: () => 1 })`,
      /tools\/bad\.ts:3\n.*JSON Schema/,
    ],
    [
      'a throw at load',
      `throw new Error('no database')`,
      /tools\/bad\.ts:1\n.*throws while it loads[^]*no database[^]*handler/,
    ],
    ['process.exit at load', 'process.exit(3)', /tools\/bad\.ts\n.*exit code 3/],
  ]
  test.each(mistakes)('%s', async (_name, source, message) => {
    write('calc/tools/add.ts', TOOL)
    write('calc/tools/bad.ts', source)
    await expect(generate()).rejects.toThrow(message)
    await expect(generate()).rejects.toMatchObject({ name: 'Stop' })
  })

  test('a file that never finishes loading', async () => {
    write('calc/tools/bad.ts', 'await new Promise((resolve) => setTimeout(resolve, 1e6))')
    const source = readServerSource(workers, 'calc')
    await expect(probe(source, 500)).rejects.toThrow(/tools\/bad\.ts\n.*did not finish loading/)
  })

  test('a policy.json with an unknown key', async () => {
    write('calc/tools/add.ts', TOOL)
    write('calc/policy.json', '{ "visible": true }')
    await expect(generate()).rejects.toThrow(/policy\.json[^]*visible[^]*visibility/)
  })
})

test('code that runs at build time sees no environment variable', async () => {
  process.env['CLOUDFLARE_API_TOKEN_OF_TEST'] = 'secret'
  write(
    'calc/tools/add.ts',
    `if (process.env.CLOUDFLARE_API_TOKEN_OF_TEST) throw new Error('leaked')\n${TOOL}`,
  )
  await expect(generate()).resolves.toMatchObject({ name: 'calc' })
})
