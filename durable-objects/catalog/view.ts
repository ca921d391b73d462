/**
 * From a server's state to what isolates read: the pointer in the index and the
 * entries it points at, made once here so that a list costs nobody anything.
 */
import {
  viewOf,
  type Arm,
  type CanaryPointer,
  type Definitions,
  type ServerEntry,
  type ServerPointer,
} from '#shared/catalog/entry.ts'
import { changedEntryDigest } from '#shared/catalog/digest.ts'
import { applyTuning, type SwitchKey } from '#shared/catalog/tuning.ts'
import type { Release, ServerState } from './state.ts'

export interface Views {
  readonly pointer: ServerPointer
  readonly entries: readonly ServerEntry[]
}

/** @param definitionsOf throws for a digest that is not kept */
export async function viewsOf(
  name: string,
  state: ServerState,
  definitionsOf: (digest: string) => Definitions,
): Promise<Views> {
  const entryOf = (release: Release): Promise<ServerEntry> =>
    entryFor(name, release, definitionsOf(release.digest), state.off)
  const live = await entryOf(state.live)
  const policy = state.enabled ? state.policy : { ...state.policy, visibility: 'off' as const }
  const pointer: ServerPointer = { ...armOf(state.live, live), policy }
  if (!state.canary) return { pointer, entries: [live] }
  const { percent, clients, seed } = state.canary
  const shown = await entryOf(state.canary)
  const canary: CanaryPointer = { ...armOf(state.canary, shown), percent, clients, seed }
  const entries = viewOf(shown) === viewOf(live) ? [live] : [live, shown]
  return { pointer: { ...pointer, canary }, entries }
}

function armOf({ digest, script, codeVersion }: Release, { view }: ServerEntry): Arm {
  return {
    digest,
    ...(view === undefined ? {} : { view }),
    ...(script === undefined ? {} : { script }),
    ...(codeVersion === undefined ? {} : { codeVersion }),
  }
}

/** Immutable under its key: the key is the digest of all that it shows. */
async function entryFor(
  name: string,
  { digest, tuning }: Release,
  definitions: Definitions,
  off: readonly SwitchKey[],
): Promise<ServerEntry> {
  if (Object.keys(tuning).length === 0 && off.length === 0) return { name, digest, definitions }
  const { definitions: shown, aliases, emptied } = applyTuning(definitions, tuning, off)
  const extras = {
    ...(Object.keys(aliases).length > 0 ? { aliases } : {}),
    ...(emptied.length > 0 ? { emptied: [...emptied] } : {}),
  }
  const view = await changedEntryDigest({ digest, definitions: shown, ...extras })
  return { name, digest, view, definitions: shown, ...extras }
}
