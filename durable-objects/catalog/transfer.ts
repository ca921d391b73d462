/**
 * The catalog as a file: the operator's word on every server, with the definitions
 * that are live. Reading one in twice changes nothing the second time, and a file
 * with one bad server changes nothing at all.
 */
import * as z from 'zod/mini'
import { definitionsSchema, policySchema } from '#shared/catalog/entry-schema.ts'
import { platformRulesSchema } from '#shared/catalog/rules-schema.ts'
import { isSwitchKey, type SwitchKey, tuningSchema } from '#shared/catalog/tuning.ts'
import { fail, ok } from '#shared/lib/result.ts'
import { invalid } from './admin-input.ts'
import type { Actor, Answer } from './admin.ts'
import { checkDescription } from './check.ts'
import { boundedPolicy, boundedTuning } from './patches.ts'
import type { ServerState } from './state.ts'
import type { CatalogStore } from './store.ts'
import type { CatalogWriter, ServerChange } from './writer.ts'
import { runChecks } from './checks/all.ts'
import { OFF_ITEMS_MAX, SERVERS_MAX } from '../limits.ts'

const FORMAT = 'mcp-edge-catalog/1'

const switchKey = z.string().check(z.refine<string>(isSwitchKey, 'Not of the form tool:<name>'))

export const transferSchema = z.strictObject({
  format: z.literal(FORMAT),
  exportedMs: z.optional(z.number()),
  rules: z.optional(platformRulesSchema),
  servers: z.record(
    z.string(),
    z.strictObject({
      policy: z.strictObject(policySchema.shape),
      enabled: z.boolean(),
      off: z.array(switchKey).check(z.maxLength(OFF_ITEMS_MAX)),
      tuning: tuningSchema,
      live: z.strictObject({ digest: z.string(), definitions: definitionsSchema }),
    }),
  ),
})
export type Transfer = z.infer<typeof transferSchema>

export function exportCatalog(store: CatalogStore): Transfer {
  const servers = store.servers().flatMap(({ name, state }) => {
    const { policy, enabled, off, live } = state
    const definitions = store.definitions(name, live.digest)
    if (!definitions) return []
    const tuning = live.tuning
    return [[name, { policy, enabled, off, tuning, live: { digest: live.digest, definitions } }]]
  })
  const rules = store.platformRules()
  return {
    format: FORMAT,
    exportedMs: Date.now(),
    ...(rules.length > 0 ? { rules } : {}),
    servers: Object.fromEntries(servers) as Transfer['servers'],
  }
}

/** What runs decides which definitions are live: of a known server the file's are kept as a revision. */
export async function importCatalog(
  store: CatalogStore,
  writer: CatalogWriter,
  { servers, rules }: Transfer,
  actor: Actor,
): Promise<Answer<boolean>> {
  if (Object.keys(servers).length > SERVERS_MAX) {
    return fail({ reason: 'full', detail: `At most ${SERVERS_MAX} servers` })
  }
  const changes: ServerChange[] = []
  for (const [name, imported] of Object.entries(servers)) {
    const change = await changeFor(store, name, imported, actor)
    if (!change.ok) return change
    changes.push(change.value)
  }
  return writer.write({ ...actor, action: 'import' }, changes, rules ?? store.platformRules())
}

async function changeFor(
  store: CatalogStore,
  name: string,
  { policy, enabled, off, tuning, live }: Transfer['servers'][string],
  { by }: Actor,
): Promise<Answer<ServerChange>> {
  const checked = await checkDescription(name, { ...live, build: 'import' })
  if (!checked.ok) return invalid(`${name}: ${checked.failure.detail}`)
  const tuned = boundedTuning({}, tuning)
  if (!tuned.ok) return invalid(`${name}: ${tuned.failure}`)
  const allowed = boundedPolicy(policy)
  if (!allowed.ok) return invalid(`${name}: ${allowed.failure.detail}`)
  const known = store.server(name)
  const word = { policy, enabled, off: off as SwitchKey[] }
  const next: ServerState = known
    ? { ...known.state, ...word, live: { ...known.state.live, tuning: tuned.value } }
    : { ...word, live: { digest: live.digest, tuning: tuned.value }, held: [] }
  if (store.definitions(name, live.digest) !== undefined) return ok({ name, next })
  // Who approved it elsewhere is believed; what is odd about it is said here too.
  const findings = runChecks({ name, definitions: live.definitions, foreignTools: new Map() })
  return ok({ name, next, revision: { ...checked.value, findings, madeBy: by } })
}
