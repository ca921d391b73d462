/** What a check is given and gives: one file each, and the table of them in all.ts. */
import type { Definitions } from '#shared/catalog/entry.ts'
import type { Finding } from '#shared/catalog/records.ts'

export interface Checked {
  readonly name: string
  readonly definitions: Definitions
  /** Tool names of the other servers → the server's name. */
  readonly foreignTools: ReadonlyMap<string, string>
}

/** A check's findings carry its name themselves only in all.ts. */
export type CheckFinding = Omit<Finding, 'check'>
export type Check = (checked: Checked) => CheckFinding[]

/** One text a model is shown, and of what. */
export interface Text {
  readonly item: string | undefined
  readonly text: string
}

/** Every text of a server that reaches a model: descriptions, titles, instructions, schema words. */
export function textsOf({ tools, prompts = [], ...rest }: Definitions): Text[] {
  const { resources = [], resourceTemplates = [], instructions, serverInfo } = rest
  return [
    ...wordsOf(undefined, serverInfo),
    { item: undefined, text: instructions ?? '' },
    ...tools.flatMap(({ wire }) => wordsOf(`tool:${wire.name}`, wire)),
    ...prompts.flatMap(({ wire }) => wordsOf(`prompt:${wire.name}`, wire)),
    ...resources.flatMap(({ wire }) => wordsOf(`resource:${wire.uri}`, wire)),
    ...resourceTemplates.flatMap(({ wire }) => wordsOf(`resource:${wire.uriTemplate}`, wire)),
  ].filter(({ text }) => text !== '')
}

const DEPTH_MAX = 64

/** Every string and member name of a value: a model reads them all. */
function wordsOf(item: string | undefined, value: unknown, depth = 0): Text[] {
  if (typeof value === 'string') return [{ item, text: value }]
  if (typeof value !== 'object' || value === null) return []
  // Nothing is too deep to be read.
  if (depth > DEPTH_MAX) return [{ item, text: JSON.stringify(value) }]
  return Object.entries(value).flatMap(([key, member]) => [
    ...(Array.isArray(value) ? [] : [{ item, text: key }]),
    ...wordsOf(item, member, depth + 1),
  ])
}

/** At most this much of a server's own text in a finding. */
const QUOTED_MAX_CHARS = 60

/** For a finding: short, and with nothing that hides. */
export const quote = (text: string): string =>
  `"${text
    .slice(0, QUOTED_MAX_CHARS)
    .replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)}"`

/** With the item only where there is one. */
export const finding = (
  level: Finding['level'],
  item: string | undefined,
  detail: string,
): CheckFinding => ({ level, ...(item === undefined ? {} : { item }), detail })
