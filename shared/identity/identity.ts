/**
 * From the claims of an identity provider (an ID token, a UserInfo answer, an access
 * token of a trusted issuer) to what the platform knows of a person: tenant, groups
 * and the claims an operator chose. Everything else an IdP says is dropped here.
 *
 * Does NOT check signatures: whoever calls it has.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import { fullName, isForeign } from './foreign-name.ts'
import { IDENTITY_MAX_BYTES, MAPPED_CLAIMS_MAX, TENANT_MAX_CHARS } from './identity-limits.ts'
import type { ClaimValue, Identity } from './principal.ts'

/** Which claims count; an empty name switches its part off. */
export interface IdentityMapping {
  /** Of TRUSTED_ISSUERS; absent: the platform's own provider. Its name stands before its groups'. */
  readonly issuer?: string
  /** Empty: everybody is of tenant `default`. */
  readonly tenantClaim: string
  readonly groupsClaim: string
  /** Groups that count, `*` standing for any text; empty = all. */
  readonly groupPatterns: readonly string[]
  /** Name in `principal.claims` → claim of the IdP. */
  readonly claims: Readonly<Record<string, string>>
}

export interface MappedIdentity extends Identity {
  readonly tenant: string
}

export type IdentityFailure = {
  reason:
    /** The tenant claim is missing, or names none that can be. */
    | 'no_tenant'
    /** Groups and claims do not fit: narrow the groups by patterns. */
    | 'too_large'
}

/** Claim names of the mapping that `claims` lacks: worth a question to UserInfo. */
export const missingClaims = (mapping: IdentityMapping, claims: object): boolean =>
  [mapping.tenantClaim, mapping.groupsClaim, ...Object.values(mapping.claims)].some(
    (name) => name !== '' && claimAt(claims, name) === undefined,
  )

export function mapIdentity(
  mapping: IdentityMapping,
  claims: object,
): Result<MappedIdentity, IdentityFailure> {
  const tenant = mapping.tenantClaim ? claimAt(claims, mapping.tenantClaim) : 'default'
  if (!isTenant(tenant)) return fail({ reason: 'no_tenant' })
  const groups = groupsOf(mapping, claims)
  const mapped = Object.entries(mapping.claims).flatMap(([name, claim]) => {
    const value = claimAt(claims, claim)
    return isClaimValue(value) ? [[name, value] as const] : []
  })
  const identity: Identity = {
    ...(mapping.issuer === undefined ? {} : { issuer: mapping.issuer }),
    ...(groups.length > 0 ? { groups } : {}),
    ...(mapped.length > 0 ? { claims: Object.fromEntries(mapped) } : {}),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(identity)).byteLength
  return bytes > IDENTITY_MAX_BYTES ? fail({ reason: 'too_large' }) : ok({ tenant, ...identity })
}

/**
 * Reads `email,team=department`: names of `principal.claims`, each with the IdP's
 * name of it where that is another one.
 *
 * @throws TypeError naming `variable` when the text has another form
 */
export function parseClaimNames(variable: string, text: string): Record<string, string> {
  const pairs = listOf(text).map((part): [string, string] => {
    const [name = '', ...rest] = part.split('=')
    return [name.trim(), rest.length > 0 ? rest.join('=').trim() : name.trim()]
  })
  const isUsable = pairs.every(([name, claim]) => /^[A-Za-z][\w-]{0,63}$/.test(name) && claim)
  if (!isUsable || pairs.length > MAPPED_CLAIMS_MAX) {
    throw new TypeError(`${variable} must be like "email,team=department"`)
  }
  return Object.fromEntries(pairs)
}

/** A comma-separated variable. */
export const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

/** `platform` is the router itself; control characters and length would reach object names. */
export const isTenant = (tenant: unknown): tenant is string =>
  typeof tenant === 'string' &&
  /^[\x21-\x7e]+$/.test(tenant) &&
  tenant.length <= TENANT_MAX_CHARS &&
  tenant !== 'platform'

/** A claim by its whole name, else by a path of names (Keycloak: `realm_access.roles`). */
function claimAt(claims: object, name: string): unknown {
  const own = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined
  return own(claims, name) ?? name.split('.').reduce(own, claims)
}

/** A group of the own provider that is named like another issuer's is none. */
function groupsOf(
  { issuer, groupsClaim, groupPatterns }: IdentityMapping,
  claims: object,
): string[] {
  if (!groupsClaim) return []
  const said = claimAt(claims, groupsClaim)
  const names = (Array.isArray(said) ? said : [said]).filter(isText)
  const counts = (name: string): boolean =>
    groupPatterns.length === 0 || groupPatterns.some((pattern) => fits(pattern, name))
  const counting = [...new Set(names)].filter(counts)
  return counting
    .filter((name) => issuer !== undefined || !isForeign(name))
    .map((name) => fullName(issuer, name))
    .sort()
}

/** Linear in the text: no pattern an operator can write makes it slow. */
function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const last = rest.pop() ?? ''
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - at >= last.length && text.endsWith(last)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isClaimValue = (value: unknown): value is ClaimValue =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string'))
