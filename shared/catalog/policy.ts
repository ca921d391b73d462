/**
 * The two different no's (DESIGN §4.7): policy *hides* (not listed, answers like
 * unknown), scope only *gates the call* (listed, then 403 naming all it needs).
 * So: listed ⇔ callable or `insufficient_scope`, because lists and calls both ask here.
 */
import { isPlatform, type Principal } from '../auth/principal.ts'
import type { Policy } from './entry.ts'

/** Private servers belong to this tenant until an operator says otherwise. */
const OWNING_TENANT = 'default'

/** May this principal know that the server exists? */
export function maySee(principal: Principal, policy: Policy): boolean {
  if (isPlatform(principal)) return false
  if (policy.visibility === 'public') return true
  return principal.subject !== 'anonymous' && principal.tenant === OWNING_TENANT
}

/** The scopes of `needed` that `held` lacks; empty = the call may go ahead. */
export function missingScopes(needed: readonly string[], held: readonly string[]): string[] {
  return needed.filter((scope) => !held.includes(scope))
}
