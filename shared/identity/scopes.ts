/**
 * What scopes imply, in one place for the gate, the challenge and the consent page
 * (RFC 6749 §3.3 leaves it to us; MCP authorization: servers account for their hierarchy).
 *
 *  - A scope implies every scope that goes on from it after a colon:
 *    `notes` ⊃ `notes:write` ⊃ `notes:write:tags`.
 *  - A token with a scope of the `tools:execute` family is limited by it, whatever
 *    else it holds: `tools:execute:read_only` runs tools marked read-only and no
 *    others, `tools:execute` runs all. A token without one is not limited.
 */
export const EXECUTE_SCOPE = 'tools:execute'
export const READ_ONLY_SCOPE = 'tools:execute:read_only'

export const implies = (held: string, needed: string): boolean =>
  needed === held || (needed.startsWith(held) && needed[held.length] === ':')

/** The scopes of `needed` that `held` lacks; empty = the call may go ahead. */
export function missingScopes(needed: readonly string[], held: readonly string[]): string[] {
  return needed.filter((scope) => !held.some((one) => implies(one, scope)))
}

const isExecuteScope = (scope: string): boolean => implies(EXECUTE_SCOPE, scope)

/** What a tool call needs of a token that holds `held`: its own scopes, and a limit the token is under. */
export function scopesForTool(
  { scopes, readOnly }: { readonly scopes: readonly string[]; readonly readOnly: boolean },
  held: readonly string[],
): readonly string[] {
  if (!held.some(isExecuteScope)) return scopes
  return [...scopes, readOnly ? READ_ONLY_SCOPE : EXECUTE_SCOPE]
}

/** Without repetitions, and without those that another one implies. */
export function reduceScopes(scopes: readonly string[]): string[] {
  const all = [...new Set(scopes)]
  return all.filter((scope) => !all.some((other) => other !== scope && implies(other, scope)))
}
