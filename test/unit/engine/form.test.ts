import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { contentOf, formSchemaOf } from '#shared/engine/run/form.ts'
import type { FormSchema } from '#shared/engine/author/elicit.ts'

const fieldOf = (field: z.ZodType): unknown => formSchemaOf(z.object({ field })).properties['field']

describe('zod as a form (client/elicitation "Requested Schema")', () => {
  it.each<[string, z.ZodType, object]>([
    [
      'text',
      z.string().min(1).max(9).describe('d'),
      { minLength: 1, maxLength: 9, description: 'd' },
    ],
    ['an email address', z.email(), { format: 'email' }],
    ['a URL', z.url(), { format: 'uri' }],
    ['a date', z.iso.date(), { format: 'date' }],
    ['a date and time', z.iso.datetime(), { format: 'date-time' }],
    ['a format forms do not have', z.uuid(), {}],
    ['a pattern', z.string().regex(/^a/), {}],
    ['a choice', z.enum(['a', 'b']).default('a'), { enum: ['a', 'b'], default: 'a' }],
    ['a literal', z.literal('a'), { enum: ['a'] }],
    [
      'a titled choice',
      z.union([z.literal('a').meta({ title: 'A' }), z.literal('b')]),
      {
        oneOf: [
          { const: 'a', title: 'A' },
          { const: 'b', title: 'b' },
        ],
      },
    ],
  ])('%s', (_what, field, expected) => {
    expect(fieldOf(field)).toEqual({ type: 'string', ...expected })
  })

  it.each<[string, z.ZodType, object]>([
    ['an integer', z.int().min(1), { type: 'integer', minimum: 1 }],
    ['a number', z.number().max(2).default(1.5), { type: 'number', maximum: 2, default: 1.5 }],
    ['a yes or no', z.boolean().default(true), { type: 'boolean', default: true }],
    [
      'several of a choice',
      z.array(z.enum(['a', 'b'])).min(1),
      { type: 'array', minItems: 1, items: { type: 'string', enum: ['a', 'b'] } },
    ],
    [
      'several of a titled choice',
      z.array(z.union([z.literal('a').meta({ title: 'A' })])),
      { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } },
    ],
  ])('%s', (_what, field, expected) => {
    expect(fieldOf(field)).toEqual(expected)
  })

  it('requires what is neither optional nor has a default', () => {
    const form = z.object({ a: z.string(), b: z.string().optional(), c: z.string().default('c') })
    expect(formSchemaOf(form).required).toEqual(['a'])
  })

  it.each<[string, z.ZodType]>([
    ['an object', z.object({})],
    ['a list of texts', z.array(z.string())],
    ['a text or nothing', z.string().nullable()],
    ['anything', z.unknown()],
  ])('refuses %s', (_what, field) => {
    expect(() => fieldOf(field)).toThrow(/elicit: field "field" is neither/)
  })
})

describe('an answer to a form in JSON Schema', () => {
  const form: FormSchema = {
    type: 'object',
    properties: {
      text: { type: 'string', minLength: 2, maxLength: 3 },
      count: { type: 'integer', minimum: 1, maximum: 5 },
      ratio: { type: 'number' },
      yes: { type: 'boolean' },
      one: { type: 'string', enum: ['a', 'b'] },
      titled: { type: 'string', oneOf: [{ const: 'a', title: 'A' }] },
      many: { type: 'array', minItems: 1, items: { anyOf: [{ const: 'a', title: 'A' }] } },
    },
    required: ['text'],
  }

  it('is taken over without what was not asked for', async () => {
    const content = {
      text: 'ab',
      count: 5,
      ratio: 0.5,
      yes: false,
      one: 'b',
      titled: 'a',
      many: ['a'],
    }
    expect(await contentOf(form, { ...content, extra: 1 })).toEqual(content)
  })

  it.each([
    ['nothing', undefined],
    ['an array', []],
    ['a required field missing', { count: 1 }],
    ['text too short', { text: 'a' }],
    ['text too long', { text: 'abcd' }],
    ['a number as text', { text: 7 }],
    ['a fraction as integer', { text: 'ab', count: 1.5 }],
    ['a number too small', { text: 'ab', count: 0 }],
    ['a number too large', { text: 'ab', count: 6 }],
    ['an infinite number', { text: 'ab', ratio: Infinity }],
    ['text as yes or no', { text: 'ab', yes: 'true' }],
    ['a choice there was not', { text: 'ab', one: 'c' }],
    ['a titled choice there was not', { text: 'ab', titled: 'A' }],
    ['several with one there was not', { text: 'ab', many: ['a', 'b'] }],
    ['fewer than asked for', { text: 'ab', many: [] }],
    ['one where several were asked for', { text: 'ab', many: 'a' }],
  ])('is no answer: %s', async (_what, content) => {
    expect(await contentOf(form, content)).toBeUndefined()
  })
})
