/** What search is made of: every tool as it is shown live, and who may see it. */
import { ANONYMOUS } from '#shared/identity/principal.ts'
import { type CatalogIndex, type ServerEntry, unfoldIndex, viewOf } from '#shared/catalog/entry.ts'
import { maySee, mayUse } from '#shared/catalog/policy.ts'
import type { PublicServer } from '#shared/catalog/search/registry.ts'
import { documentsOf, type SearchDocument } from '#shared/catalog/search/search.ts'
import { applyTuning } from '#shared/catalog/tuning.ts'
import type { Searchable } from '#shared/catalog/search/search-contract.ts'
import type { Release, ServerState } from './state.ts'
import type { CatalogStore } from './store.ts'

/** @returns `null` when the server has no such revision */
export function searchableOf(
  store: CatalogStore,
  replaced?: { server: string; revision: string },
): Searchable | null {
  const { servers } = unfoldIndex(store.index() as CatalogIndex)
  const other = replaced && otherEntry(store, replaced.server, replaced.revision)
  if (replaced && !other) return null
  const documents: SearchDocument[] = []
  for (const [name, pointer] of Object.entries(servers)) {
    const entry = other?.name === name ? other : store.entry(name, viewOf(pointer))
    if (entry) documents.push(...documentsOf(entry, documents.length))
  }
  const policies = Object.entries(servers).map(([name, { policy }]) => [name, policy] as const)
  return {
    documents,
    policies: Object.fromEntries(policies),
    ...(other ? { digest: other.digest } : {}),
  }
}

/** What the registry lists: nothing a rule could hide from strangers. */
export function publicServersOf(store: CatalogStore): PublicServer[] {
  const { servers } = unfoldIndex(store.index() as CatalogIndex)
  return store.servers().flatMap(({ name, createdMs, updatedMs }) => {
    const pointer = servers[name]
    if (!pointer || !maySee(ANONYMOUS, pointer.policy)) return []
    const entry = store.entry(name, viewOf(pointer))
    if (!entry) return []
    const { serverInfo, instructions } = entry.definitions
    const { title, version } = serverInfo
    const said = serverInfo['description']
    const titles = documentsOf(entry, 0)
      .filter(({ subject }) => mayUse(ANONYMOUS, pointer.policy, subject))
      .map(({ title: shown, tool }) => shown || tool)
      .join(', ')
    const description = textOf(said) ?? instructions ?? titles
    return [{ name, title, description, version, publishedMs: createdMs, updatedMs }]
  })
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

function otherEntry(store: CatalogStore, name: string, revision: string): ServerEntry | undefined {
  const state = store.server(name)?.state
  const release = state && releaseOf(store, name, state, revision)
  const definitions = release && store.definitions(name, release.digest)
  if (!definitions) return undefined
  const { digest, tuning } = release
  const { definitions: shown, aliases } = applyTuning(definitions, tuning, state.off)
  return { name, digest, definitions: shown, aliases }
}

/** A label, or a digest (or its beginning) under the live words. */
function releaseOf(
  store: CatalogStore,
  name: string,
  { live, canary, previous, waiting }: ServerState,
  revision: string,
): Release | undefined {
  const { tuning } = live
  const labelled = { live, canary, previous, waiting: waiting && { digest: waiting, tuning } }
  if (Object.hasOwn(labelled, revision)) {
    return labelled[revision as keyof typeof labelled] || undefined
  }
  const fitting = store.revisions(name).filter(({ digest }) => digest.startsWith(revision))
  const [only, ...others] = fitting
  return only && others.length === 0 ? { digest: only.digest, tuning } : undefined
}
