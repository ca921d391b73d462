/**
 * Which scopes a consent page offers, which it ticks, what they are in words, and
 * what the person's answer grants. What scopes imply stands in shared/identity/scopes.ts.
 */
import { EXECUTE_SCOPE, implies, READ_ONLY_SCOPE, reduceScopes } from '#shared/identity/scopes.ts'
import type { Definitions } from '#shared/catalog/entry.ts'
import type { CompiledServer } from '#shared/catalog/list.ts'

export interface OfferedScope {
  readonly scope: string
  readonly ticked: boolean
  /** What it allows: the author's sentence, else one made of the hints of what needs it. */
  readonly words: string
  /** Titles of what needs it. */
  readonly uses: readonly string[]
}

export interface Offer {
  readonly scopes: readonly OfferedScope[]
  /** May the person limit the app to reading? `fixed`: the app asked for no more. */
  readonly limit: 'none' | 'offered' | 'fixed'
}

/**
 * What the client asked for, as far as the server knows it, all ticked. A client
 * that asked for nothing known (many send none, or `openid profile`): everything
 * is offered, and only what read-only tools need is ticked.
 */
export function offerOf(requested: readonly string[], server: CompiledServer): Offer {
  const { definitions } = server.entry
  const isAsked = (scope: string): boolean => requested.some((one) => implies(one, scope))
  const known = server.scopes.filter(isAsked)
  const offered = known.length > 0 ? known : server.scopes
  const scopes = offered.map((scope): OfferedScope => {
    const { tools, others } = needing(scope, definitions)
    const isForReading = tools.some(({ wire }) => isReadOnly(wire))
    return {
      scope,
      ticked: known.length > 0 || isForReading,
      words: definitions.scopeDescriptions?.[scope] ?? wordsOf(tools, others.length > 0),
      uses: [...tools, ...others].map(({ wire }) => titleOf(wire)),
    }
  })
  return { scopes, limit: limitOf(requested, server) }
}

function limitOf(requested: readonly string[], { entry, scopes }: CompiledServer): Offer['limit'] {
  // A server that declares the family itself has boxes of its own for it.
  if (scopes.some((scope) => isOfFamily({ scope }))) return 'none'
  if (requested.includes(READ_ONLY_SCOPE) && !requested.includes(EXECUTE_SCOPE)) return 'fixed'
  const { tools } = entry.definitions
  const reading = tools.filter(({ wire }) => isReadOnly(wire)).length
  return reading > 0 && reading < tools.length ? 'offered' : 'none'
}

/** What the answer to an offer grants: never more than was offered. */
export function grantedScopes(
  { scopes, limit }: Offer,
  requested: readonly string[],
  ticked: readonly string[],
  limited: boolean,
): string[] {
  const granted = scopes.map(({ scope }) => scope).filter((scope) => ticked.includes(scope))
  if (limit === 'fixed' || (limit === 'offered' && limited)) granted.push(READ_ONLY_SCOPE)
  else if (requested.includes(EXECUTE_SCOPE) && !scopes.some(isOfFamily))
    granted.push(EXECUTE_SCOPE)
  return reduceScopes(granted)
}

const isOfFamily = ({ scope }: { scope: string }): boolean => implies(EXECUTE_SCOPE, scope)

function needing(scope: string, definitions: Definitions) {
  const { tools, prompts = [], resources = [], resourceTemplates = [] } = definitions
  const needs = ({ scopes }: { scopes: readonly string[] }): boolean => scopes.includes(scope)
  const others = [...prompts, ...resources, ...resourceTemplates].filter(needs)
  return { tools: tools.filter(needs), others }
}

type Tools = Definitions['tools']

function wordsOf(tools: Tools, isForOthers: boolean): string {
  const changing = tools.filter(({ wire }) => !isReadOnly(wire))
  if (changing.length === 0) return isForOthers ? 'Read what it offers' : 'Look things up'
  // MCP ToolAnnotations: what is not said to be harmless may destroy.
  const destroys = changing.some(({ wire }) => wire.annotations?.destructiveHint !== false)
  return destroys ? 'Change or delete things' : 'Add things'
}

const isReadOnly = (wire: Tools[number]['wire']): boolean => wire.annotations?.readOnlyHint === true

/** MCP: `title`, else the name. */
function titleOf(wire: { name: string; title?: unknown }): string {
  return typeof wire.title === 'string' && wire.title ? wire.title : wire.name
}
