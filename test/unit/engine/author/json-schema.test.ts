/** Tools whose arguments are described in JSON Schema 2020-12 (SEP-1613). */
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as z from 'zod'
import { defineServer, defineTool, jsonSchema } from '#shared'
import { definitionsOf } from '#shared/engine/author/definitions.ts'
import { startEngine, textOf } from '../_harness.ts'

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { word: { $anchor: 'word', type: 'string', minLength: 2 } },
  properties: { phone: { $ref: '#/$defs/word' }, email: { $ref: '#word' } },
  anyOf: [{ required: ['phone'] }, { required: ['email'] }],
  unevaluatedProperties: false,
}
const contact = defineTool({
  description: 'Contact',
  input: jsonSchema<{ phone?: string }>(SCHEMA),
  handler: (args) => JSON.stringify(args),
})
const engine = await startEngine({ contact })

describe('a schema', () => {
  it('is listed word for word', () => {
    const { tools } = definitionsOf(defineServer({ tools: { contact } }), 'notes')
    expect(tools[0]?.wire.inputSchema).toEqual(SCHEMA)
  })

  it('lets through what fits, unchanged', async () => {
    expect(textOf(await engine.call('contact', { phone: '12' }))).toBe('{"phone":"12"}')
    expect(textOf(await engine.call('contact', { email: 'a@b' }))).toBe('{"email":"a@b"}')
  })

  it.each([[{}], [{ phone: 'x' }], [{ phone: 7 }], [{ phone: '12', other: 1 }], [{ email: 'x' }]])(
    'refuses %j in words for the model',
    async (args) => {
      const answer = await engine.call('contact', args)
      expect(answer.result.isError).toBe(true)
      expect(textOf(answer)).toMatch(/^Invalid arguments for tool contact:\n#/)
    },
  )

  it('bounds what it says of many mistakes', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`key-${index}`, 1]),
    )
    const text = textOf(await engine.call('contact', many)) ?? ''
    expect(text.length).toBeLessThan(5_000)
  })

  it.each([
    ['of no object', { type: 'string' }, /type: 'object'/],
    ['with a reference to nowhere', { type: 'object', $ref: '#/$defs/gone' }, /jsonSchema: .*gone/],
    ['with one to the network', { type: 'object', $ref: 'https://evil.example/s' }, /jsonSchema: /],
  ])('%s is refused when it is defined', (_case, schema, remedy) => {
    expect(() => jsonSchema(schema)).toThrow(remedy)
  })

  it('that marks a header wrongly fails the build, in zod too', () => {
    const input = z.object({ size: z.number().meta({ 'x-mcp-header': 'Size' }) })
    const tool = defineTool({ description: 'x', input, handler: () => 'x' })
    expect(() => definitionsOf(defineServer({ tools: { tool } }), 'notes')).toThrow(
      /Tool "tool": x-mcp-header of size is only for/,
    )
  })

  it('gives the handler the type its author names', () => {
    defineTool({
      description: 'x',
      input: jsonSchema<{ a: number }>({ type: 'object' }),
      handler(args) {
        expectTypeOf(args).toEqualTypeOf<{ a: number }>()
        return 'x'
      },
    })
  })
})
