/**
 * What a revision lacks is left out of answers to its clients: some of that time
 * refuse a whole answer over a member they do not know. One table, member → the
 * first revision that has it (schemas of 2025-03-26, 2025-06-18 and 2025-11-25).
 */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'

type Shaped =
  | 'tools'
  | 'prompts'
  | 'arguments'
  | 'resources'
  | 'resourceTemplates'
  | 'annotations'
  | 'block'
  | 'contents'
  | 'serverInfo'
  | 'capabilities'
  | 'progress'

const BASE = { title: '2025-06-18', _meta: '2025-06-18', icons: '2025-11-25' } as const

const SINCE: Readonly<Record<Shaped, Readonly<Record<string, LegacyVersion>>>> = {
  tools: {
    ...BASE,
    annotations: '2025-03-26',
    outputSchema: '2025-06-18',
    execution: '2025-11-25',
  },
  prompts: BASE,
  arguments: { title: '2025-06-18' },
  resources: BASE,
  resourceTemplates: BASE,
  annotations: { lastModified: '2025-06-18' },
  block: BASE,
  contents: { _meta: '2025-06-18' },
  serverInfo: {
    title: '2025-06-18',
    description: '2025-11-25',
    icons: '2025-11-25',
    websiteUrl: '2025-11-25',
  },
  capabilities: { completions: '2025-03-26' },
  progress: { message: '2025-03-26' },
}

/** The same value for a revision that knows all of it. */
export function shaped(kind: Shaped, value: JsonObject, version: LegacyVersion): JsonObject {
  const since = SINCE[kind]
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const first = since[name]
    if (first !== undefined && version < first) return []
    return [[name, inner(kind, name, member, version)]]
  })
  return Object.fromEntries(kept)
}

export const shapedList = (kind: Shaped, value: unknown, version: LegacyVersion): unknown =>
  Array.isArray(value)
    ? value.map((item: unknown) => (isObject(item) ? shaped(kind, item, version) : item))
    : value

/** Members that have a shape of their own. */
function inner(kind: Shaped, name: string, member: unknown, version: LegacyVersion): unknown {
  if (name === 'arguments' && kind === 'prompts') return shapedList('arguments', member, version)
  if (name === 'resource' && kind === 'block' && isObject(member)) {
    return shaped('contents', member, version)
  }
  // A tool's annotations are hints: their title is as old as they are.
  if (name === 'annotations' && kind !== 'tools' && isObject(member)) {
    return shaped('annotations', member, version)
  }
  return member
}
