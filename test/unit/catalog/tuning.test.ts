/** Live tuning: what an operator changes of what callers are shown. */
import { describe, expect, test } from 'vitest'
import type { Definitions } from '#shared/catalog/entry.ts'
import { compileServer } from '#shared/catalog/list.ts'
import { applyTuning, patchTuning, type Tuning } from '#shared/catalog/tuning.ts'

const definitions: Definitions = {
  serverInfo: { name: 'notes', version: '1' },
  instructions: 'Original',
  tools: [
    {
      wire: {
        name: 'find',
        description: 'Finds',
        inputSchema: { type: 'object' },
        annotations: { readOnlyHint: false, idempotentHint: true },
      },
      scopes: ['notes:read'],
    },
    { wire: { name: 'drop', description: 'Drops', inputSchema: { type: 'object' } }, scopes: [] },
  ],
  prompts: [{ wire: { name: 'plan', description: 'Plans' }, scopes: [] }],
}
const tuningOf = (patch: unknown): Tuning => {
  const patched = patchTuning({}, patch)
  if (!patched.ok) throw new Error(patched.failure)
  return patched.value
}

test('changes words, hints and examples, and nothing that runs', () => {
  const { definitions: shown } = applyTuning(
    definitions,
    tuningOf({
      title: 'Notes',
      instructions: 'Ask first',
      tools: {
        find: {
          title: 'Find',
          description: 'Looks',
          annotations: { readOnlyHint: true },
          examples: [{ tag: 'a' }],
        },
        nobody: { description: 'Not there' },
      },
      prompts: { plan: { description: 'Thinks' } },
    }),
  )
  expect(shown.serverInfo).toEqual({ name: 'notes', version: '1', title: 'Notes' })
  expect(shown.instructions).toBe('Ask first')
  expect(shown.tools.map(({ wire, scopes }) => [wire.name, wire.description, scopes])).toEqual([
    ['find', 'Looks', ['notes:read']],
    ['drop', 'Drops', []],
  ])
  expect(shown.tools[0]?.wire.inputSchema).toEqual({ type: 'object', examples: [{ tag: 'a' }] })
  expect(shown.prompts?.[0]?.wire.description).toBe('Thinks')
  expect(definitions.tools[0]?.wire.description).toBe('Finds')
})

test("an operator's hint makes nothing safer than its author says", () => {
  const { definitions: shown } = applyTuning(
    definitions,
    tuningOf({ tools: { find: { annotations: { readOnlyHint: true, idempotentHint: false } } } }),
  )
  const tool = compileServer({ name: 'notes', digest: 'd', definitions: shown }).tools.get('find')
  expect(tool).toMatchObject({ readOnly: false, idempotent: false })
  expect(shown.tools[0]?.wire.annotations).toEqual({ readOnlyHint: true, idempotentHint: false })
})

test('a patch replaces, adds and takes away (RFC 7396)', () => {
  const first = tuningOf({ title: 'One', tools: { find: { title: 'F', description: 'D' } } })
  const second = patchTuning(first, { title: null, tools: { find: { title: null } } })
  expect(second).toEqual({ ok: true, value: { tools: { find: { description: 'D' } } } })
  expect(patchTuning(first, { title: null, tools: null })).toEqual({ ok: true, value: {} })
})

test.each([
  ['a schema', { tools: { find: { inputSchema: { type: 'string' } } } }],
  ['a name', { tools: { find: { name: 'other' } } }],
  ['scopes', { tools: { find: { scopes: ['a'] } } }],
  ['an empty description', { tools: { find: { description: '' } } }],
  ['no object', 'words'],
  ['an alias of itself', { aliases: { a: 'a' } }],
  ['aliases in a circle', { aliases: { a: 'b', b: 'c', c: 'a' } }],
  ['an alias no client takes', { aliases: { 'not a name': 'find' } }],
])('refuses %s', (_, patch) => {
  expect(patchTuning({}, patch).ok).toBe(false)
})

describe('aliases', () => {
  test('lead along a chain to the tool, and only where there is one', () => {
    const { aliases } = applyTuning(
      definitions,
      tuningOf({ aliases: { a: 'b', b: 'find', gone: 'nobody', drop: 'find' } }),
    )
    // A tool's own name wins over an alias of the same letters.
    expect(aliases).toEqual({ a: 'find', b: 'find' })
  })

  test('do not reach what is off', () => {
    const { aliases } = applyTuning(definitions, tuningOf({ aliases: { a: 'find' } }), [
      'tool:find',
    ])
    expect(aliases).toEqual({})
  })
})

test('a kind of which everything is off is still offered, and empty', () => {
  const off = ['tool:find', 'tool:drop', 'prompt:plan'] as const
  const { definitions: shown, emptied } = applyTuning(definitions, {}, off)
  expect([shown.tools, shown.prompts, emptied]).toEqual([[], [], ['tools', 'prompts']])
  const { capabilities } = compileServer({
    name: 'notes',
    digest: 'd',
    definitions: shown,
    emptied: [...emptied],
  })
  expect(Object.keys(capabilities)).toEqual(expect.arrayContaining(['tools', 'prompts']))
})
