/**
 * The catalog's data as Workers read it: types, keys and names. The schemas are in
 * entry-schema.ts: readers get what the Catalog has checked, and stay small.
 */
import type { Arm, CatalogIndex, Policy } from './entry-schema.ts'
import { fitsPattern } from './rules.ts'

export type {
  Arm,
  CanaryPointer,
  CatalogIndex,
  Definitions,
  Policy,
  PolicyFile,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ServerDescription,
  ServerEntry,
  ServerPointer,
  TaskDefinition,
  ToolDefinition,
} from './entry-schema.ts'

/** Closed unless opened. */
export const DEFAULT_POLICY: Policy = {
  visibility: 'private',
  dpop: 'optional',
  strict: false,
  publish: 'auto',
}

/** What names an entry among those of its server. */
export const viewOf = ({ digest, view }: Pick<Arm, 'digest' | 'view'>): string => view ?? digest

/** What counts as one in what is counted: the same words on other code are another. */
export const armKeyOf = (arm: Arm): string =>
  [viewOf(arm), arm.script, arm.codeVersion].filter((part) => part !== undefined).join('@')

/** Every server's policy with the platform's rules before its own: what decisions are made by. */
export function unfoldIndex({ version, servers, rules = [] }: CatalogIndex): CatalogIndex {
  if (rules.length === 0) return { version, servers }
  const unfolded = Object.entries(servers).map(([name, pointer]) => {
    const ahead = rules
      .filter(({ servers: names }) => names?.some((one) => fitsPattern(one, name)) ?? true)
      .map(({ servers: _names, ...rule }) => rule)
    if (ahead.length === 0) return [name, pointer] as const
    const policy = { ...pointer.policy, rules: [...ahead, ...(pointer.policy.rules ?? [])] }
    return [name, { ...pointer, policy }] as const
  })
  return { version, servers: Object.fromEntries(unfolded) }
}

/** @param version empty: what all keys of indexes begin with */
export const indexKey = (version: number | ''): string => `index:${version}`
/** @param view see {@link viewOf} */
export const serverKey = (name: string, view: string): string => `server:${name}:${view}`
