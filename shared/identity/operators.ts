/**
 * Who may administer the catalog: the variable OPERATORS of router and oauth Worker, a
 * comma-separated list. Empty = no operators. One entry is
 *
 *     owner                                who holds the owner link
 *     <subject>                            one caller
 *     group:<name>                         a group of the platform's own identity provider
 *     group:https://idp.example.com#<name> a group of an issuer of TRUSTED_ISSUERS
 *
 * and means tenant `default`, unless ` tenant:<tenant>` follows. So a group of one tenant
 * or issuer is never the group of the same name of another.
 */
import type { Principal } from './principal.ts'

/** The scope of the admin API. */
export const ADMIN_SCOPE = 'catalog:admin'

/** Subject of the owner link's holder: `subjectOf(OWNER_ISSUER, 'owner')` of the oauth Worker. */
export const OWNER_SUBJECT = 'LSyNcLer8ujtK_lzgi3BLwQghxIgqn4ZXPq9A8WL-mM'

const DEFAULT_TENANT = 'default'
const OWNER = 'owner'
const GROUP = 'group:'
/** A tenant's name has no space (`isTenant`); a group's may have some. */
const TENANT = / +tenant:(\S+)$/

type Named = Pick<Principal, 'subject' | 'tenant'>

/** @param operators the variable; absent in a configuration of an older release */
export function isOperator(
  caller: Named & Pick<Principal, 'groups'>,
  operators: string | undefined,
): boolean {
  return (operators ?? '').split(',').some((entry) => names(entry.trim(), caller))
}

/** The entry of OPERATORS that means this one caller. */
export const operatorEntry = ({ subject, tenant }: Named): string =>
  tenant === DEFAULT_TENANT ? subject : `${subject} tenant:${tenant}`

function names(
  entry: string,
  { subject, tenant, groups = [] }: Named & Pick<Principal, 'groups'>,
): boolean {
  const [, wanted = DEFAULT_TENANT] = TENANT.exec(entry) ?? []
  const name = entry.replace(TENANT, '')
  if (name === '' || wanted !== tenant) return false
  if (name.startsWith(GROUP)) return groups.includes(name.slice(GROUP.length))
  return subject === (name === OWNER ? OWNER_SUBJECT : name)
}
