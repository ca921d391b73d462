/**
 * Event ids of a session's standalone stream: a place in the hub's order, and
 * which lists the client was last told of. A client that alters its id only
 * misleads itself.
 */
import { permittedLists } from '../../catalog/permitted.ts'
import { LIST_KINDS, type ListKind } from '../../contracts/hub-topics.ts'
import type { Caller } from '../authenticate/caller.ts'
import type { ServerRecord } from '../ports.ts'
import { fnv1a } from '../../lib/fnv1a.ts'

/** Other streams of a session have ids of other forms. */
const PREFIX = 'hub'

/** One short text per kind of list, as this caller sees it. */
export type ListPrints = Readonly<Record<ListKind, string>>

export function printsOf({ compiled, policy }: ServerRecord, { principal }: Caller): ListPrints {
  const { lists } = permittedLists(compiled, policy, principal)
  return {
    tools: print(lists.tools),
    prompts: print(lists.prompts),
    resources: print(`${lists.resources} ${lists.resourceTemplates}`),
  }
}

export const differingLists = (before: ListPrints, after: ListPrints): ListKind[] =>
  LIST_KINDS.filter((kind) => before[kind] !== after[kind])

const print = (text: string): string => fnv1a(text).toString(36)

/** @param at as the hub gives it */
export const listenId = (at: string, { tools, prompts, resources }: ListPrints): string =>
  [PREFIX, at, tools, prompts, resources].join('_')

/** @returns `undefined` for ids of other streams */
export function readListenId(id: string | null): { at: string; prints: ListPrints } | undefined {
  const [prefix, at, tools, prompts, resources, ...rest] = (id ?? '').split('_')
  if (prefix !== PREFIX || !at || !tools || !prompts || !resources || rest.length > 0) {
    return undefined
  }
  return { at, prints: { tools, prompts, resources } }
}
