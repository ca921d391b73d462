/** A server as operators read it: labels by name, what each shows, what waits, what was found. */
import { unfoldIndex, viewOf } from '#shared/catalog/entry.ts'
import { type Explanation, explain } from '#shared/catalog/explain.ts'
import { isInCanary } from '#shared/catalog/canary.ts'
import { type CompiledItem, compileServer, type CompiledServer } from '#shared/catalog/list.ts'
import type { Principal } from '#shared/identity/principal.ts'
import { fail, ok } from '#shared/lib/result.ts'
import type { Answer } from './admin.ts'
import type { ServerState } from './state.ts'
import type { CatalogStore, StoredServer } from './store.ts'
import { tokenCounts } from './checks/tokens.ts'

/** One line of the list of servers. */
export function summaryOf({ name, state, updatedMs }: StoredServer) {
  const { enabled, live, canary, waiting, policy, off } = state
  return {
    name,
    enabled,
    visibility: policy.visibility,
    publish: policy.publish,
    live: live.digest,
    ...(canary ? { canary: { digest: canary.digest, percent: canary.percent } } : {}),
    ...(waiting === undefined ? {} : { waiting }),
    itemsOff: off.length,
    updatedMs,
  }
}

/** All there is to know of one server. */
export function detailsOf(store: CatalogStore, server: StoredServer) {
  const { name, state } = server
  const definitions = store.definitions(name, state.live.digest)
  return {
    ...summaryOf(server),
    build: server.build,
    createdMs: server.createdMs,
    labels: {
      live: state.live,
      ...(state.canary ? { canary: state.canary } : {}),
      ...(state.previous ? { previous: state.previous } : {}),
    },
    off: state.off,
    held: state.held,
    policy: state.policy,
    tokens: definitions && tokenCounts(definitions),
    revisions: store.revisions(name).map((revision) => ({
      ...revision,
      labels: labelsOf(state, revision.digest),
    })),
  }
}

const labelsOf = (state: ServerState, digest: string): string[] =>
  (['live', 'canary', 'previous', 'waiting', 'held'] as const).filter((label) => {
    const named = state[label]
    if (label === 'held') return state.held.includes(digest)
    return typeof named === 'string'
      ? named === digest
      : (named as { digest?: string })?.digest === digest
  })

/** @param item `tool:now`, `prompt:plan`, `resource:<uri>`; absent = the server */
export function can(
  store: CatalogStore,
  name: string,
  item: string | undefined,
  principal: Principal,
): Answer<Explanation> {
  const index = store.index()
  const pointer = index && unfoldIndex(index).servers[name]
  if (!pointer) return fail({ reason: 'unknown_server', detail: `There is no server "${name}"` })
  const { canary } = pointer
  const arm = canary && isInCanary(canary, principal) ? canary : pointer
  const entry = store.entry(name, viewOf(arm))
  if (!entry) return fail({ reason: 'unknown_revision', detail: `${viewOf(arm)} is not kept` })
  const compiled = compileServer(entry)
  const asked = item === undefined ? undefined : (itemOf(compiled, item) ?? 'unknown')
  return ok(explain(principal, pointer, compiled, asked))
}

function itemOf(
  { tools, prompts, resources, templates }: CompiledServer,
  item: string,
): CompiledItem | undefined {
  const [, kind, name = ''] = /^(tool|prompt|resource):([^]+)$/.exec(item) ?? []
  if (kind === 'tool') return tools.get(name)
  if (kind === 'prompt') return prompts.get(name)
  return resources.get(name) ?? templates.find(({ template }) => template.text === name)
}
