/**
 * Forms of `elicit`: from a flat zod object to the restricted JSON Schema a
 * client can draw (client/elicitation "Requested Schema"), and from a client's
 * answer back to checked content. Keywords a form has no place for (patterns,
 * exclusive bounds) stay with zod, which judges the answer.
 */
import type * as z from 'zod'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { Form, FormField, FormSchema } from '../author/elicit.ts'
import { parse } from '../parse.ts'

const isZod = (form: Form): form is z.ZodObject => '_zod' in form

/** @throws TypeError naming a field no form can ask for */
export function formSchemaOf(form: Form): FormSchema {
  if (!isZod(form)) return form
  const { properties = {}, required } = form.toJSONSchema({ io: 'input' })
  const fields: Record<string, FormField> = {}
  for (const [name, schema] of Object.entries(properties)) {
    const field = isObject(schema) ? fieldOf(schema) : undefined
    if (!field) {
      throw new TypeError(
        `elicit: field "${name}" is neither text, number, boolean nor a choice of texts; forms have no other fields`,
      )
    }
    fields[name] = field
  }
  return { type: 'object', properties: fields, ...(required ? { required } : {}) }
}

const FORMATS: ReadonlySet<unknown> = new Set(['email', 'uri', 'date', 'date-time'])

function fieldOf(schema: JsonObject): FormField | undefined {
  switch (schema['type']) {
    case 'string':
      return pick(stringOf(schema), [
        'minLength',
        'maxLength',
        'enum',
        'enumNames',
        ...(FORMATS.has(schema['format']) ? ['format'] : []),
      ])
    case 'number':
    case 'integer':
      return pick(withoutIntegerBounds(schema), ['minimum', 'maximum'])
    case 'boolean':
      return pick(schema, [])
    case 'array':
      return multipleChoiceOf(schema)
    default:
      return titledChoiceOf(schema)
  }
}

/** A literal is a choice of one. */
const stringOf = (schema: JsonObject): JsonObject =>
  'const' in schema ? { ...schema, enum: [schema['const']] } : schema

/** zod says of every integer that it is a safe one; on a form that is noise. */
function withoutIntegerBounds(schema: JsonObject): JsonObject {
  const { minimum, maximum, ...rest } = schema
  return {
    ...rest,
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  }
}

function multipleChoiceOf(schema: JsonObject): FormField | undefined {
  const { items } = schema
  if (!isObject(items)) return undefined
  const titled = titledConsts(items['anyOf'])
  const choices = titled ? { anyOf: titled } : enumOf(items)
  if (!choices) return undefined
  return pick({ ...schema, items: choices }, ['minItems', 'maxItems', 'items'])
}

function enumOf(items: JsonObject): JsonObject | undefined {
  const { enum: values } = stringOf(items)
  return items['type'] === 'string' && Array.isArray(values)
    ? { type: 'string', enum: values }
    : undefined
}

/** `z.union` of literals, each with `.meta({ title })`. */
function titledChoiceOf(schema: JsonObject): FormField | undefined {
  const oneOf = titledConsts(schema['anyOf'] ?? schema['oneOf'])
  return oneOf && pick({ ...schema, type: 'string', oneOf }, ['oneOf'])
}

function titledConsts(options: unknown): { const: string; title: string }[] | undefined {
  if (!Array.isArray(options) || options.length === 0) return undefined
  const choices: { const: string; title: string }[] = []
  for (const option of options as JsonObject[]) {
    const { const: value, title } = option
    if (typeof value !== 'string') return undefined
    choices.push({ const: value, title: typeof title === 'string' ? title : value })
  }
  return choices
}

/** The members a form field may have, in one order, so that equal questions have equal digests. */
function pick(schema: JsonObject, keywords: readonly string[]): FormField {
  const field: JsonObject = {}
  for (const key of ['type', 'title', 'description', ...keywords, 'default']) {
    if (schema[key] !== undefined) field[key] = schema[key]
  }
  return field as unknown as FormField
}

/** The content of an accepted form; `undefined` when it is not what was asked for. */
export async function contentOf(form: Form, content: unknown): Promise<unknown> {
  if (isZod(form)) {
    const parsed = await parse(form, content)
    return parsed.success ? parsed.data : undefined
  }
  if (!isObject(content)) return undefined
  if (form.required?.some((name) => content[name] === undefined)) return undefined
  const picked: JsonObject = {}
  for (const [name, field] of Object.entries(form.properties)) {
    const value = content[name]
    if (value === undefined) continue
    if (!fits(field, value)) return undefined
    picked[name] = value
  }
  return picked
}

function fits(field: FormField, value: unknown): boolean {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'number':
    case 'integer':
      return (
        (field.type === 'integer' ? Number.isInteger(value) : Number.isFinite(value)) &&
        (value as number) >= (field.minimum ?? -Infinity) &&
        (value as number) <= (field.maximum ?? Infinity)
      )
    case 'string':
      if (typeof value !== 'string') return false
      if ('enum' in field) return field.enum.includes(value)
      if ('oneOf' in field) return field.oneOf.some((option) => option.const === value)
      return within(value.length, field as { minLength?: number; maxLength?: number })
    case 'array':
      return Array.isArray(value) && fitsAll(field, value)
  }
}

const within = (
  length: number,
  { minLength = 0, maxLength = Infinity }: { minLength?: number; maxLength?: number },
): boolean => length >= minLength && length <= maxLength

function fitsAll(field: Extract<FormField, { type: 'array' }>, values: unknown[]): boolean {
  const { items, minItems = 0, maxItems = Infinity } = field
  const choices: unknown[] = 'enum' in items ? items.enum : items.anyOf.map((item) => item.const)
  return (
    within(values.length, { minLength: minItems, maxLength: maxItems }) &&
    values.every((value) => choices.includes(value))
  )
}
