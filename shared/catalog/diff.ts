/**
 * What differs between two revisions of a server's definitions, and what of it
 * matters: added, removed, changed; of tools also *drift* (the words shown to a
 * model changed while the schema did not: the form of a rug pull) and *breaks*
 * (arguments that were good no longer are, results lost what callers read).
 *
 * Pure. Judges schemas by their outline (types, properties, required, enum), not
 * by proof: a change it cannot weigh is called a change, never safe.
 */
import { canonicalJson } from '../lib/canonical-json.ts'
import type { JsonObject } from '../protocol/jsonrpc.ts'
import type { Definitions } from './entry.ts'
import { inputBreaks, outputBreaks } from './schema-breaks.ts'

export type ItemKind = 'tool' | 'prompt' | 'resource' | 'resourceTemplate'

export interface ItemChange {
  readonly kind: ItemKind
  /** Name, URI or URI template. */
  readonly name: string
  /** What of it, e.g. `description`, `inputSchema`, `scopes`. */
  readonly fields: readonly string[]
  /** Only words shown to a model changed. */
  readonly drift: boolean
  /** What no longer works for who called it before, one sentence each. */
  readonly breaks: readonly string[]
}

export interface DefinitionsDiff {
  readonly added: readonly { kind: ItemKind; name: string }[]
  readonly removed: readonly { kind: ItemKind; name: string }[]
  readonly changed: readonly ItemChange[]
  /** Of the server itself: `instructions`, `serverInfo`. */
  readonly server: readonly string[]
}

interface Item {
  readonly wire: JsonObject
  readonly scopes: readonly string[]
  readonly [key: string]: unknown
}

const KINDS = {
  tool: { list: 'tools', key: 'name' },
  prompt: { list: 'prompts', key: 'name' },
  resource: { list: 'resources', key: 'uri' },
  resourceTemplate: { list: 'resourceTemplates', key: 'uriTemplate' },
} as const

/** Words a model reads; the rest is for programs. */
const WORDS = new Set(['description', 'title', 'annotations', 'inputSchema.words'])

export function diffDefinitions(before: Definitions, after: Definitions): DefinitionsDiff {
  const added: { kind: ItemKind; name: string }[] = []
  const removed: { kind: ItemKind; name: string }[] = []
  const changed: ItemChange[] = []
  for (const kind of Object.keys(KINDS) as ItemKind[]) {
    const [old, fresh] = [itemsOf(before, kind), itemsOf(after, kind)]
    for (const name of old.keys()) if (!fresh.has(name)) removed.push({ kind, name })
    for (const [name, item] of fresh) {
      const was = old.get(name)
      if (!was) added.push({ kind, name })
      else if (!same(was, item)) changed.push(changeOf(kind, name, was, item))
    }
  }
  const server = (['serverInfo', 'instructions'] as const).filter(
    (key) => !same(before[key], after[key]),
  )
  return { added, removed, changed, server }
}

/** Is there anything at all? */
export const isEmptyDiff = ({ added, removed, changed, server }: DefinitionsDiff): boolean =>
  added.length + removed.length + changed.length + server.length === 0

function itemsOf(definitions: Definitions, kind: ItemKind): Map<string, Item> {
  const { list, key } = KINDS[kind]
  const items = (definitions[list] ?? []) as unknown as readonly Item[]
  return new Map(items.map((item) => [String(item.wire[key]), item]))
}

function changeOf(kind: ItemKind, name: string, was: Item, is: Item): ItemChange {
  const fields = [
    ...fieldsOf(was.wire, is.wire),
    ...fieldsOf({ ...was, wire: 0 }, { ...is, wire: 0 }),
  ]
  const precise = fields.flatMap((field) =>
    field === 'inputSchema' && onlyWords(was.wire[field], is.wire[field])
      ? ['inputSchema.words']
      : [field],
  )
  return {
    kind,
    name,
    fields: precise,
    drift: precise.every((field) => WORDS.has(field)),
    breaks: breaksOf(kind, was, is),
  }
}

function fieldsOf(was: JsonObject, is: JsonObject): string[] {
  const keys = new Set([...Object.keys(was), ...Object.keys(is)])
  return [...keys].filter((key) => !same(was[key], is[key])).sort()
}

function breaksOf(kind: ItemKind, was: Item, is: Item): string[] {
  const scopes = is.scopes.filter((scope) => !was.scopes.includes(scope))
  const needs = scopes.map((scope) => `needs the scope ${scope} now`)
  if (kind === 'prompt') return [...needs, ...promptBreaks(was.wire, is.wire)]
  if (kind !== 'tool') return needs
  return [
    ...needs,
    ...inputBreaks(was.wire['inputSchema'], is.wire['inputSchema']),
    ...outputBreaks(was.wire['outputSchema'], is.wire['outputSchema']),
  ]
}

/** Arguments of a prompt: a list of `{ name, required }`. */
function promptBreaks(was: JsonObject, is: JsonObject): string[] {
  const before = argumentsOf(was)
  return [...argumentsOf(is)]
    .filter(([name, required]) => required && before.get(name) !== true)
    .map(([name]) => `argument ${name} is required now`)
}

const argumentsOf = (wire: JsonObject): Map<string, boolean> =>
  new Map(
    ((wire['arguments'] ?? []) as { name: string; required?: boolean }[]).map(
      ({ name, required }) => [name, required === true],
    ),
  )

const same = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b)
const textOf = (value: unknown): string => (value === undefined ? '' : canonicalJson(value))

/** Do two schemas differ in nothing but descriptions, titles and examples? */
const onlyWords = (was: unknown, is: unknown): boolean => same(withoutWords(was), withoutWords(is))

const SCHEMA_WORDS = new Set(['description', 'title', 'examples', '$comment'])

/** @param isMap the keys are names somebody chose, not keywords */
function withoutWords(schema: unknown, isMap = false): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withoutWords(item))
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => isMap || !SCHEMA_WORDS.has(key))
      .map(([key, value]) => [
        key,
        withoutWords(value, !isMap && (key === 'properties' || key === '$defs')),
      ]),
  )
}
