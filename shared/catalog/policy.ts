/**
 * The two different no's (DESIGN §4.7): policy *hides* (not listed, answers like
 * unknown), scope only *gates the call* (listed, then 403 naming all it needs).
 * So: listed ⇔ callable or `insufficient_scope`, because lists and calls both ask here.
 */
import { isForeign, localName } from '../identity/foreign-name.ts'
import { isPlatform, type Principal } from '../identity/principal.ts'
import type { Policy } from './entry.ts'
import { fitsPattern, type Hints, type Rule, type What, type Who } from './rules.ts'

/** Private servers belong to this tenant until an operator says otherwise. */
export const OWNING_TENANTS: readonly string[] = ['default']

/** What a rule may be about: something a caller can name. */
export interface Subject {
  readonly kind: 'tool' | 'prompt' | 'resource'
  /** As lists show it: a tool's own name (not an alias), a URI or URI template. */
  readonly name: string
  /** Of tools; a hint not given counts as MCP's default. */
  readonly hints?: Hints
}

/** A decision, and by what it was made. */
export interface Verdict {
  readonly allowed: boolean
  readonly by:
    | { readonly kind: 'platform' | 'off' | 'stranger' | 'tenant' | 'default' }
    | { readonly kind: 'rule'; readonly at: number; readonly rule: Rule }
}

/** May this principal know that the server exists? */
export function maySee(principal: Principal, policy: Policy): boolean {
  return judgeServer(principal, policy).allowed
}

/** May this principal know of one thing of a server that it may see? */
export function mayUse(principal: Principal, policy: Policy, subject: Subject): boolean {
  // The common server has no rules: nothing to weigh.
  return policy.rules === undefined || judge(principal, policy, subject).allowed
}

/** As {@link maySee}, and why: a server is hidden from whom nothing of it could be allowed. */
export function judgeServer(principal: Principal, policy: Policy): Verdict {
  if (isPlatform(principal)) return { allowed: false, by: { kind: 'platform' } }
  if (policy.visibility === 'off') return { allowed: false, by: { kind: 'off' } }
  if (policy.visibility === 'private') {
    if (isStranger(principal)) return { allowed: false, by: { kind: 'stranger' } }
    const tenants = policy.tenants ?? OWNING_TENANTS
    if (!tenants.includes(principal.tenant)) return { allowed: false, by: { kind: 'tenant' } }
  }
  const { rules = [] } = policy
  const at = rules.findIndex(
    (rule) => (rule.effect === 'allow' || rule.what === undefined) && fitsWho(principal, rule),
  )
  return byRule(policy, at)
}

/** As {@link mayUse}, and why. Does NOT ask whether the server may be seen. */
export function judge(principal: Principal, policy: Policy, subject: Subject): Verdict {
  const { rules = [] } = policy
  const at = rules.findIndex((rule) => fitsWhat(subject, rule.what) && fitsWho(principal, rule))
  return byRule(policy, at)
}

function byRule({ rules = [], otherwise = 'allow' }: Policy, at: number): Verdict {
  const rule = rules[at]
  if (!rule) return { allowed: otherwise === 'allow', by: { kind: 'default' } }
  return { allowed: rule.effect === 'allow', by: { kind: 'rule', at, rule } }
}

/**
 * Which rules are about this principal, as text: two callers with the same one see
 * the same of a server. It keys cached lists (DESIGN §4.13).
 */
export function permissionSet(principal: Principal, { rules = [] }: Policy): string {
  return rules.map((rule) => (fitsWho(principal, rule) ? '1' : '0')).join('')
}

/** Does every caller who may see the server see the same of it? */
export const isSameForAll = ({ rules = [] }: Policy): boolean =>
  rules.every(({ who }) => who === undefined)

const isStranger = ({ subject }: Principal): boolean => subject === 'anonymous'

/**
 * Does a rule not fit this caller only because its names are those of another tenant or
 * issuer than the caller's? For explanations.
 */
export function fitsNamesake(principal: Principal, rule: Rule): boolean {
  const namesake: Principal = {
    ...principal,
    tenant: OWNING_TENANTS[0] ?? principal.tenant,
    groups: (principal.groups ?? []).map(localName),
    clientId: localName(principal.clientId),
  }
  return !fitsWho(principal, rule) && fitsWho(namesake, rule)
}

function fitsWho(principal: Principal, { who, effect }: Rule): boolean {
  if (!who) return true
  const { subjects, groups, clients, signedIn } = who
  const tenants = who.tenants ?? (effect === 'allow' ? tenantsOfNames(who) : undefined)
  const isNamed = (names: readonly string[], name: string): boolean =>
    names.includes(name) ||
    (effect === 'deny' && isForeign(name) && names.includes(localName(name)))
  return (
    (signedIn === undefined || signedIn !== isStranger(principal)) &&
    (subjects === undefined || subjects.includes(principal.subject)) &&
    (tenants === undefined || tenants.includes(principal.tenant)) &&
    (clients === undefined || isNamed(clients, principal.clientId)) &&
    (groups === undefined || (principal.groups ?? []).some((group) => isNamed(groups, group)))
  )
}

/** A name of a tenant that a rule does not say is of the tenant that owns the platform. */
const tenantsOfNames = ({ subjects, groups }: Who): readonly string[] | undefined =>
  subjects || groups ? OWNING_TENANTS : undefined

const NAMES_OF = { tool: 'tools', prompt: 'prompts', resource: 'resources' } as const

function fitsWhat(subject: Subject, what: What | undefined): boolean {
  if (!what) return true
  const { annotations, ...names } = what
  if (annotations && (subject.kind !== 'tool' || !fitsHints(subject.hints ?? {}, annotations))) {
    return false
  }
  const patterns = names[NAMES_OF[subject.kind]]
  if (patterns) return patterns.some((pattern) => fitsPattern(pattern, subject.name))
  // Named are things of other kinds only; or nothing is, and the annotations were all.
  return names.tools === undefined && names.prompts === undefined && names.resources === undefined
}

/** MCP 2026-07-28 ToolAnnotations: what a hint means that is not there. */
const HINT_DEFAULTS = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
} as const

function fitsHints(hints: Hints, wanted: Hints): boolean {
  return (Object.keys(HINT_DEFAULTS) as (keyof Hints)[]).every(
    (hint) => wanted[hint] === undefined || (hints[hint] ?? HINT_DEFAULTS[hint]) === wanted[hint],
  )
}
