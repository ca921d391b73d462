/** Which tools use PLATFORM: read from their code, published with the definitions, refused without a binding. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Definitions } from '#shared/catalog/entry.ts'
import { generateServer } from '../../../scripts/gen/entry.ts'
import { ROOT } from '../../../scripts/root.ts'
import { Stop } from '../../../scripts/stop.ts'

const TRUST = { anchors: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] }
const CONFIG = 'name = "calc"\nmain = ".gen/index.ts"\n'
const BOUND = `${CONFIG}services = [\n  { binding = "PLATFORM", service = "mcp-edge-objects", entrypoint = "Platform" },\n]\n`
const HEAD = `import { defineTool, type ToolContext } from '#shared'\n`

let workers: string
beforeEach(() => {
  mkdirSync(join(ROOT, '.gen'), { recursive: true })
  workers = mkdtempSync(join(ROOT, '.gen', 'uses-'))
})
afterEach(() => rmSync(workers, { recursive: true }))

async function usesOf(files: Record<string, string>, config = BOUND) {
  for (const [path, text] of Object.entries({ 'wrangler.toml': config, ...files })) {
    const file = join(workers, 'calc', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const { definitionsJson } = await generateServer(workers, 'calc', TRUST)
  const { tools } = JSON.parse(definitionsJson) as Definitions
  return Object.fromEntries(tools.map(({ wire, uses }) => [wire.name, uses]))
}

const tool = (handler: string, options = '') =>
  `${HEAD}export default defineTool({ description: 'Does', ${options} ${handler} })`
const one = async (source: string, more: Record<string, string> = {}) =>
  (await usesOf({ 'tools/a.ts': source, ...more }))['a']

describe('a use is found', () => {
  it.each([
    ['in the parameter', `handler: (_args, { once }) => once('a', () => 1)`, ['once']],
    ['renamed', `handler: (_args, { once: step }) => step('a', () => 1)`, ['once']],
    ['by member', `handler: async (_args, ctx) => (await ctx.state()).handle`, ['state']],
    ['by a quoted member', `handler: (_args, ctx) => ctx['once']('a', () => 1)`, ['once']],
    ['in a method', `async handler(_args, ctx) { return (await ctx.state()).handle }`, ['state']],
    [
      'in what is left of the parameter',
      `handler: (_args, { env, ...rest }) => rest.once('a', () => env)`,
      ['once'],
    ],
    [
      'of an alias',
      `async handler(_args, ctx) { const c = ctx; const { once } = c; return once('a', () => 1) }`,
      ['once'],
    ],
    [
      'each once, sorted',
      `async handler(_args, ctx) { const { handle } = await ctx.state(); return ctx.once('a', () => ctx.once('b', () => handle)) }`,
      ['once', 'state'],
    ],
  ])('%s', async (_, handler, uses) => {
    expect(await one(tool(handler))).toEqual(uses)
  })

  it('in a function the handler names, and in files it imports', async () => {
    const named = `${HEAD}const run = async (_args: object, ctx: ToolContext) => ctx.once('a', () => 1)
      export default defineTool({ description: 'Does', handler: run })`
    expect(await one(named)).toEqual(['once'])
    const imports = `import { keep } from '../keep.ts'\n${tool('handler: (_args, ctx) => keep(ctx)')}`
    const helper = `${HEAD}export const keep = async ({ state }: ToolContext) => (await state()).handle`
    expect(await one(imports, { 'keep.ts': helper })).toEqual(['state'])
  })

  it('of questions only where running twice would do something twice', async () => {
    const asks = `handler: (_args, { roots }) => roots()`
    expect(await one(tool(asks))).toEqual(['roots'])
    expect(await one(tool(asks, 'annotations: { readOnlyHint: true },'))).toBeUndefined()
    expect(await one(tool(asks, 'annotations: { idempotentHint: true },'))).toBeUndefined()
  })

  it('not in what only has the name', async () => {
    const source = tool(
      `handler: ({ state }: { state?: string }) => { const once = { once: 1 }; return [state, once.once] }`,
    )
    expect(await one(source)).toBeUndefined()
  })
})

it('of a tool file says nothing of another tool', async () => {
  const quiet = tool('handler: () => 1')
  const keeps = tool(`handler: (_args, { once }) => once('a', () => 1)`)
  expect(await usesOf({ 'tools/quiet.ts': quiet, 'tools/keeps.ts': keeps })).toEqual({
    quiet: undefined,
    keeps: ['once'],
  })
})

it('of a server.ts are those of what stands under the tool’s name', async () => {
  const server = `
    import { definePrompt, defineServer, defineTool } from '#shared'
    import imported from './tools/imported.ts'
    const local = defineTool({ description: 'L', handler: async (_args, ctx) => (await ctx.state()).handle })
    export default defineServer({
      tools: {
        imported,
        local,
        inline: defineTool({ description: 'I', handler: (_args, { once }) => once('a', () => 1) }),
        quiet: defineTool({ description: 'Q', handler: () => 1 }),
      },
      prompts: { asks: definePrompt({ description: 'P', handler: () => 'x' }) },
    })`
  const imported = tool(`handler: (_args, { roots }) => roots()`)
  expect(await usesOf({ 'server.ts': server, 'tools/imported.ts': imported })).toEqual({
    imported: ['roots'],
    local: ['state'],
    inline: ['once'],
    quiet: undefined,
  })
})

it('of a server.ts put together in another way are all there are: a capability too many harms nobody', async () => {
  const server = `
    import { defineServer, defineTool } from '#shared'
    const made = { a: defineTool({ description: 'A', handler: (_args, { once }) => once('a', () => 1) }) }
    export default defineServer({ tools: { ...made } })`
  expect(await usesOf({ 'server.ts': server })).toEqual({ a: ['once'] })
})

describe('without the binding', () => {
  const LINES = `services = [
  { binding = "PLATFORM", service = "mcp-edge-objects", entrypoint = "Platform" },
]`
  it.each([
    ['once', `handler: (_args, { once }) => once('a', () => 1)`],
    ['elicit', `handler: (_args, ctx) =>\n ctx.elicit('a', 'A?', { url: 'https://a.example' })`],
  ])('a use of %s stops the build with file, line and the lines to add', async (name, handler) => {
    const source = `\n\n${tool(handler)}`
    const line = 1 + source.slice(0, source.search(/\{ once|ctx\.elicit/)).split('\n').length - 1
    const stop = await usesOf({ 'tools/a.ts': source }, CONFIG).catch((error: unknown) => error)
    expect(stop).toBeInstanceOf(Stop)
    const { message } = stop as Stop
    expect(message).toMatch(new RegExp(`calc/tools/a\\.ts:${line}$`, 'm'))
    expect(message).toContain(`"${name}"`)
    for (const added of LINES.split('\n')) expect(message).toContain(added)
  })

  it('a binding that is commented out is none', async () => {
    const commented = BOUND.replace('  { binding', '#  { binding')
    const source = tool(`handler: (_args, { once }) => once('a', () => 1)`)
    await expect(usesOf({ 'tools/a.ts': source }, commented)).rejects.toBeInstanceOf(Stop)
  })

  it('a server that uses nothing builds as before', async () => {
    expect(await usesOf({ 'tools/a.ts': tool('handler: () => 1') }, CONFIG)).toEqual({
      a: undefined,
    })
  })
})
