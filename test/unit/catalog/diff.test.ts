/** What differs between two revisions, and what of it matters. */
import { describe, expect, test } from 'vitest'
import { diffDefinitions, isEmptyDiff } from '#shared/catalog/diff.ts'
import type { Definitions } from '#shared/catalog/entry.ts'

const schema = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const definitions = (
  inputSchema: object,
  more: object = {},
  scopes: string[] = [],
): Definitions => ({
  serverInfo: { name: 'notes', version: '1' },
  tools: [
    {
      wire: { name: 'find', description: 'Finds', inputSchema: inputSchema as never, ...more },
      scopes,
    },
  ],
})
const BASE = schema({ tag: { type: 'string' }, limit: { type: 'integer' } }, ['tag'])
const changeOf = (after: Definitions, before = definitions(BASE)) =>
  diffDefinitions(before, after).changed[0]

test('the same definitions differ in nothing, whatever the order of members', () => {
  const before = definitions({ type: 'object', properties: { a: {}, b: {} } })
  const after = definitions({ properties: { b: {}, a: {} }, type: 'object' })
  expect(isEmptyDiff(diffDefinitions(before, after))).toBe(true)
})

test('says what is added, removed and changed', () => {
  const other = { wire: { name: 'drop', description: 'Drops', inputSchema: {} }, scopes: [] }
  const before = definitions(BASE)
  const after: Definitions = {
    ...before,
    instructions: 'Be kind',
    tools: [other],
    prompts: [{ wire: { name: 'plan', description: 'Plans' }, scopes: [] }],
  }
  expect(diffDefinitions(before, after)).toEqual({
    added: [
      { kind: 'tool', name: 'drop' },
      { kind: 'prompt', name: 'plan' },
    ],
    removed: [{ kind: 'tool', name: 'find' }],
    changed: [],
    server: ['instructions'],
  })
})

describe('drift: other words for the model over the same tool', () => {
  test.each([
    ['description', definitions(BASE, { description: 'Finds; call it first' })],
    [
      'words in the schema',
      definitions(
        schema({ tag: { type: 'string', description: 'Any' }, limit: { type: 'integer' } }, [
          'tag',
        ]),
      ),
    ],
    ['annotations', definitions(BASE, { annotations: { readOnlyHint: true } })],
  ])('%s', (_, after) => {
    expect(changeOf(after)).toMatchObject({ drift: true, breaks: [] })
  })

  test('a property called "description" is no word about the schema', () => {
    const before = definitions(schema({ description: { type: 'string' } }))
    const after = definitions(schema({ description: { type: 'number' } }))
    expect(changeOf(after, before)).toMatchObject({ drift: false })
  })
})

describe('breaks', () => {
  const tag = { type: 'string' }
  test.each([
    [
      'a new required argument',
      schema({ tag, limit: { type: 'integer' }, by: {} }, ['tag', 'by']),
      'argument by is required now',
    ],
    [
      'a required one that was not',
      schema({ tag, limit: { type: 'integer' } }, ['tag', 'limit']),
      'argument limit is required now',
    ],
    [
      'another type',
      schema({ tag: { type: 'number' }, limit: { type: 'integer' } }, ['tag']),
      'argument tag was string and is number',
    ],
    [
      'a narrower type',
      schema({ tag, limit: { type: 'integer', enum: [1] } }, ['tag']),
      'argument limit no longer takes other values',
    ],
    [
      'one that is gone',
      { ...schema({ tag }, ['tag']), additionalProperties: false },
      'argument limit is gone',
    ],
  ])('%s', (_, after, sentence) => {
    expect(changeOf(definitions(after))?.breaks).toEqual([sentence])
  })

  test.each([
    ['a new optional argument', schema({ tag, limit: { type: 'integer' }, by: {} }, ['tag'])],
    ['a wider type', schema({ tag, limit: { type: ['integer', 'string'] } }, ['tag'])],
    ['an integer that may be any number', schema({ tag, limit: { type: 'number' } }, ['tag'])],
    ['a required one that no longer is', schema({ tag, limit: { type: 'integer' } })],
  ])('are not: %s', (_, after) => {
    expect(changeOf(definitions(after))?.breaks).toEqual([])
  })

  test('of results: what readers relied on is no longer certain, gone, or of another type', () => {
    const outputSchema = schema({ id: tag, at: { type: 'integer' } }, ['id', 'at'])
    const before = definitions(BASE, { outputSchema })
    const after = definitions(BASE, { outputSchema: schema({ at: { type: 'number' } }, ['at']) })
    expect(changeOf(after, before)?.breaks).toEqual([
      'result id is no longer certain',
      'result id is gone',
      'result at was integer and is number',
    ])
    expect(changeOf(definitions(BASE), before)?.breaks).toEqual([
      'has no structured result any longer',
    ])
  })

  test('of scopes: what was open needs one now', () => {
    expect(changeOf(definitions(BASE, {}, ['notes:read']))?.breaks).toEqual([
      'needs the scope notes:read now',
    ])
  })
})
