/**
 * Who may administer the catalog: the variable OPERATORS of router and oauth Worker,
 * a comma-separated list of subjects, `group:<name>` of the group claim, and `owner`
 * (whoever holds the owner link). Empty = nobody.
 */
import type { Principal } from './principal.ts'

/** The scope of the admin API. */
export const ADMIN_SCOPE = 'catalog:admin'

/** Subject of the owner link's holder: `subjectOf(OWNER_ISSUER, 'owner')` of the oauth Worker. */
export const OWNER_SUBJECT = 'LSyNcLer8ujtK_lzgi3BLwQghxIgqn4ZXPq9A8WL-mM'
const GROUP = 'group:'

/** @param operators the variable; absent in a configuration of an older release */
export function isOperator(
  { subject, groups = [] }: Pick<Principal, 'subject' | 'groups'>,
  operators: string | undefined,
): boolean {
  const named = (operators ?? '').split(',').map((one) => one.trim())
  return named.some((one) => {
    if (one === '') return false
    if (one === 'owner') return subject === OWNER_SUBJECT
    return one.startsWith(GROUP) ? groups.includes(one.slice(GROUP.length)) : one === subject
  })
}
