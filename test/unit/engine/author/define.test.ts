import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { definitionsSchema } from '#shared/catalog/entry-schema.ts'
import { definitionsOf } from '#shared/engine/author/definitions.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { ToolError } from '#shared/engine/author/error.ts'
import { defineServer } from '#shared/engine/author/server.ts'

const handler = (): string => 'done'
const tool = defineTool({ description: 'Does it', handler })

describe('defineTool refuses, with the remedy', () => {
  it.each<[string, object, RegExp]>([
    ['no description', { handler }, /description: say in a sentence/],
    ['an empty description', { description: ' ', handler }, /description: say/],
    ['no handler', { description: 'x' }, /handler: give a function/],
    [
      'an unknown option',
      { description: 'x', handler, inputs: 1 },
      /unknown option "inputs".*input/,
    ],
    [
      'an input that is no z.object',
      { description: 'x', handler, input: z.string() },
      /input: give/,
    ],
    ['an input that is no schema', { description: 'x', handler, input: { a: 1 } }, /input: give/],
    [
      'an output that is an array',
      { description: 'x', handler, output: z.array(z.int()) },
      /output:/,
    ],
    ['an empty title', { description: 'x', handler, title: '' }, /title: give/],
    ['no scope in scopes', { description: 'x', handler, scopes: [] }, /scopes: give/],
    ['a scope with a space', { description: 'x', handler, scopes: ['a b'] }, /scopes: give/],
    [
      'an unknown hint',
      { description: 'x', handler, annotations: { readonly: true } },
      /readOnlyHint/,
    ],
    [
      'a hint that is text',
      { description: 'x', handler, annotations: { readOnlyHint: 'y' } },
      /true or/,
    ],
    [
      'an icon over http',
      { description: 'x', handler, icons: [{ src: 'http://x/i.png' }] },
      /icons:/,
    ],
    [
      'a timeout of zero',
      { description: 'x', handler, timeoutMs: 0 },
      /timeoutMs: give whole milli/,
    ],
    ['a timeout of an hour', { description: 'x', handler, timeoutMs: 3_600_000 }, /timeoutMs/],
    ['a task that may be lost', { description: 'x', handler, task: 'required' }, /restart: say/],
    ['restart without a task', { description: 'x', handler, restart: 'never' }, /add task/],
    ['an unknown task', { description: 'x', handler, task: 'forbidden' }, /task: give/],
    [
      'an unknown restart',
      { description: 'x', handler, task: 'optional', restart: 'always' },
      /restart: give/,
    ],
    [
      'a task kept for a month',
      { description: 'x', handler, task: 'optional', restart: 'never', taskTtlMs: 30 * 86_400_000 },
      /taskTtlMs/,
    ],
    ['a bound of 100 MB', { description: 'x', handler, maxOutputBytes: 1e8 }, /maxOutputBytes/],
  ])('%s', (_what, options, remedy) => {
    expect(() => defineTool(options as never)).toThrow(remedy)
    expect(() => defineTool(options as never)).toThrow(TypeError)
  })
})

describe('defineServer refuses, with the remedy', () => {
  it.each<[string, object, RegExp]>([
    ['a name claude.ai drops', { tools: { 'a.b': tool } }, /Tool "a\.b": use 1 to 64/],
    ['a name of 65 characters', { tools: { ['a'.repeat(65)]: tool } }, /use 1 to 64/],
    [
      'a file that exports something else',
      { tools: { a: { handler } } },
      /export default defineTool/,
    ],
    ['a file that exports nothing', { tools: { a: undefined } }, /export default defineTool/],
    ['an unknown option', { tools: {}, tool: {} }, /unknown option "tool"/],
  ])('%s', (_what, options, remedy) => {
    expect(() => defineServer(options as never)).toThrow(remedy)
  })
})

it('ToolError refuses unknown options', () => {
  expect(() => new ToolError('x', { retry: true } as never)).toThrow(/no option "retry"/)
})

describe('definitions', () => {
  it('are what tools/list shows, in the order of the tools (server/tools "Listing Tools")', () => {
    const search = defineTool({
      title: 'Search notes',
      description: 'Find notes',
      input: z.object({ query: z.string().describe('Words'), limit: z.int().max(50).default(10) }),
      output: z.object({ found: z.array(z.string()) }),
      annotations: { readOnlyHint: true },
      scopes: ['notes:read'],
      icons: [{ src: 'https://example.com/i.png' }],
      handler: () => ({ found: [] }),
    })
    const server = defineServer({ instructions: 'Search first.', tools: { search, tool } })
    const definitions = definitionsOf(server, 'notes')
    expect(definitionsSchema.parse(definitions)).toEqual(definitions)
    expect(definitions).toEqual({
      serverInfo: { name: 'notes', version: '1.0.0' },
      instructions: 'Search first.',
      tools: [
        {
          wire: {
            name: 'search',
            title: 'Search notes',
            description: 'Find notes',
            inputSchema: {
              $schema: 'https://json-schema.org/draft/2020-12/schema',
              type: 'object',
              properties: {
                query: { type: 'string', description: 'Words' },
                limit: {
                  type: 'integer',
                  minimum: Number.MIN_SAFE_INTEGER,
                  maximum: 50,
                  default: 10,
                },
              },
              required: ['query'],
            },
            outputSchema: {
              $schema: 'https://json-schema.org/draft/2020-12/schema',
              type: 'object',
              properties: { found: { type: 'array', items: { type: 'string' } } },
              required: ['found'],
              additionalProperties: false,
            },
            annotations: { readOnlyHint: true },
            icons: [{ src: 'https://example.com/i.png' }],
          },
          scopes: ['notes:read'],
        },
        {
          wire: {
            name: 'tool',
            description: 'Does it',
            inputSchema: { type: 'object', properties: {} },
          },
          scopes: [],
        },
      ],
    })
  })

  it('carry the name, version and title an author gives', () => {
    const server = defineServer({ name: 'Notes', version: '2.1.0', title: 'My notes', tools: {} })
    expect(definitionsOf(server, 'notes').serverInfo).toEqual({
      name: 'Notes',
      version: '2.1.0',
      title: 'My notes',
    })
  })

  it('cannot be made of what JSON Schema has no words for: the message names tool and part', () => {
    const dated = defineTool({ description: 'x', input: z.object({ on: z.date() }), handler })
    expect(() => definitionsOf(defineServer({ tools: { dated } }), 'notes')).toThrow(
      /Tool "dated": its input schema .*z\.iso\.datetime\(\)/,
    )
  })
})
