/**
 * Why a caller may or may not do something, in words: the same decision as of lists
 * and calls (policy.ts), step by step, for `catalog can`.
 */
import { missingScopes, scopesForTool } from '../identity/scopes.ts'
import type { Principal } from '../identity/principal.ts'
import { isInCanary } from './canary.ts'
import type { ServerPointer } from './entry.ts'
import type { CompiledItem, CompiledServer } from './list.ts'
import { fitsNamesake, judge, judgeServer, OWNING_TENANTS, type Verdict } from './policy.ts'
import type { Rule } from './rules.ts'

export interface Explanation {
  /** `hidden` answers like what is not there; `insufficient_scope` is listed, and 403 when called. */
  readonly answer: 'allowed' | 'hidden' | 'insufficient_scope'
  /** One sentence a step, in order. */
  readonly because: readonly string[]
  /** What a token must hold for it, and this one does not. */
  readonly missingScopes?: readonly string[]
}

/**
 * @param pointer with the platform's rules in its policy (`unfoldIndex`)
 * @param compiled the revision this caller is shown
 * @param item absent: the server itself
 */
export function explain(
  principal: Principal,
  pointer: ServerPointer,
  compiled: CompiledServer,
  item: CompiledItem | 'unknown' | undefined,
): Explanation {
  const because = [armSentence(principal, pointer), ...namesakeSentences(principal, pointer)]
  const server = judgeServer(principal, pointer.policy)
  because.push(serverSentence(server, principal, pointer))
  if (!server.allowed) return { answer: 'hidden', because }
  if (item === undefined) return { answer: 'allowed', because }
  if (item === 'unknown' || !item.subject) {
    because.push('This revision has no such item, or it is turned off')
    return { answer: 'hidden', because }
  }
  const verdict = judge(principal, pointer.policy, item.subject)
  because.push(itemSentence(verdict, item.subject.name))
  if (!verdict.allowed) return { answer: 'hidden', because }
  return { ...scopeStep(principal, compiled, item, because), because }
}

function scopeStep(
  principal: Principal,
  compiled: CompiledServer,
  item: CompiledItem,
  because: string[],
): Pick<Explanation, 'answer' | 'missingScopes'> {
  const { scopes: held } = principal
  const tool = item.subject?.kind === 'tool' ? compiled.tools.get(item.subject.name) : undefined
  const needed = tool ? scopesForTool(tool, held) : item.scopes
  const missing = missingScopes(needed, held)
  if (missing.length === 0) {
    because.push(needed.length === 0 ? 'It needs no scope' : `The token holds ${needed.join(' ')}`)
    return { answer: 'allowed' }
  }
  because.push(`It needs the scope ${missing.join(' ')}, which the token does not hold`)
  return { answer: 'insufficient_scope', missingScopes: missing }
}

function armSentence(principal: Principal, { canary }: ServerPointer): string {
  if (!canary) return 'Shown the live revision: there is no canary'
  if (canary.clients.includes(principal.clientId)) return 'Shown the canary: its client is named'
  return isInCanary(canary, principal)
    ? `Shown the canary: among its ${canary.percent} %`
    : `Shown the live revision: not among the ${canary.percent} % of the canary`
}

/** Why a rule that names the caller's group, as it seems, does not count. */
const namesakeSentences = (principal: Principal, { policy }: ServerPointer): string[] =>
  (policy.rules ?? []).flatMap((rule, at) =>
    fitsNamesake(principal, rule)
      ? [
          `${ruleText({ at, rule })} is about callers of the same names of another tenant or issuer; ` +
            `to mean this one, name its tenant in who.tenants and its issuer as https://issuer#name`,
        ]
      : [],
  )

function serverSentence(
  { by, allowed }: Verdict,
  { tenant }: Principal,
  { policy }: ServerPointer,
): string {
  switch (by.kind) {
    case 'platform':
      return 'The platform itself calls nothing'
    case 'off':
      return 'The server is turned off'
    case 'stranger':
      return 'The server is private and nobody is signed in'
    case 'tenant':
      return `The server is private to ${(policy.tenants ?? OWNING_TENANTS).join(', ')}; the caller is of ${tenant}`
    case 'default':
      return allowed
        ? `The server is ${policy.visibility}, and no rule hides it from this caller`
        : 'No rule allows this caller anything, and what no rule fits is denied'
    case 'rule':
      return `${ruleText(by)} ${allowed ? 'allows this caller something of the server' : 'hides the server'}`
  }
}

function itemSentence({ by, allowed }: Verdict, name: string): string {
  if (by.kind === 'rule') return `${ruleText(by)} ${allowed ? 'allows' : 'hides'} ${name}`
  return allowed ? `No rule is about ${name}: allowed` : `No rule allows ${name}: hidden`
}

const ruleText = ({ at, rule }: { readonly at: number; readonly rule: Rule }): string =>
  `Rule ${at + 1} (${rule.note ?? JSON.stringify(rule)})`
