/**
 * The lists of a server as one principal may see them. Callers about whom the same
 * rules speak share one text; it is kept by (policy in force, revision, that set).
 */
import type { Principal } from '../identity/principal.ts'
import { createLruCache } from '../lib/lru-cache.ts'
import { type Policy, viewOf } from './entry.ts'
import { PERMITTED_LISTS_CACHE_ENTRIES, PERMITTED_LISTS_CACHE_MAX_CHARS } from './limits.ts'
import type { CompiledServer, Lists } from './list.ts'
import { mayUse, permissionSet, type Subject } from './policy.ts'

/** What one principal is shown. */
export interface Permitted {
  readonly lists: Lists
  /** Resources are the server's to list, and this principal may see all it could list. */
  readonly listsResources: boolean
}

const kept = createLruCache<Permitted>(PERMITTED_LISTS_CACHE_ENTRIES, {
  max: PERMITTED_LISTS_CACHE_MAX_CHARS,
  of: ({ lists }) => Object.values(lists).reduce((sum, list: string) => sum + list.length, 0),
})

/** A policy is read anew with each index: its number says of which server and version it is. */
const numbers = new WeakMap<Policy, number>()
let newest = 0

export function permittedLists(
  compiled: CompiledServer,
  policy: Policy,
  principal: Principal,
): Permitted {
  if (!policy.rules) return compiled
  let number = numbers.get(policy)
  if (number === undefined) numbers.set(policy, (number = ++newest))
  const key = `${number} ${viewOf(compiled.entry)} ${permissionSet(principal, policy)}`
  let permitted = kept.get(key)
  if (!permitted) {
    permitted = filter(compiled, (subject) => mayUse(principal, policy, subject))
    kept.set(key, permitted)
  }
  return permitted
}

function filter(
  { entry, tools, prompts, listsResources }: CompiledServer,
  mayUse: (subject: Subject) => boolean,
): Permitted {
  const { definitions } = entry
  const { resources = [], resourceTemplates = [] } = definitions
  const listOf = (items: readonly { wire: object }[]): string =>
    JSON.stringify(items.map(({ wire }) => wire))
  const isFor = (subject: Subject | undefined): boolean => !!subject && mayUse(subject)
  const isResourceFor = (name: string): boolean => mayUse({ kind: 'resource', name })
  return {
    lists: {
      tools: listOf(definitions.tools.filter(({ wire }) => isFor(tools.get(wire.name)?.subject))),
      prompts: listOf(
        (definitions.prompts ?? []).filter(({ wire }) => isFor(prompts.get(wire.name)?.subject)),
      ),
      resources: listOf(resources.filter(({ wire }) => isResourceFor(wire.uri))),
      resourceTemplates: listOf(
        resourceTemplates.filter(({ wire }) => isResourceFor(wire.uriTemplate)),
      ),
    },
    // The server's own list knows nothing of rules: whom it would show too much gets the snapshot's.
    listsResources:
      listsResources &&
      [...resources.map(({ wire }) => wire.uri), ...resourceTemplates.map(uriTemplateOf)].every(
        isResourceFor,
      ),
  }
}

const uriTemplateOf = ({ wire }: { wire: { uriTemplate: string } }): string => wire.uriTemplate
