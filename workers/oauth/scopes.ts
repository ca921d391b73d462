/** Which scopes a consent page offers, which it ticks, and what they are in words. */
import type { CompiledServer } from '#shared/catalog/list.ts'

export interface OfferedScope {
  readonly scope: string
  readonly ticked: boolean
  /** Titles of the tools that need it. */
  readonly tools: readonly string[]
}

/**
 * What the client asked for, as far as the server knows it, all ticked. A client
 * that asked for nothing known (many send none, or `openid profile`): everything
 * is offered, and only what read-only tools need is ticked.
 */
export function offeredScopes(
  requested: readonly string[],
  { entry, tools, scopes }: CompiledServer,
): OfferedScope[] {
  const known = scopes.filter((scope) => requested.includes(scope))
  const offered = known.length > 0 ? known : scopes
  const needing = (scope: string) =>
    entry.definitions.tools.filter((tool) => tool.scopes.includes(scope))
  const isForReading = (scope: string): boolean =>
    needing(scope).some(({ wire }) => tools.get(wire.name)?.readOnly === true)
  return offered.map((scope) => ({
    scope,
    ticked: known.length > 0 || isForReading(scope),
    tools: needing(scope).map(({ wire }) => titleOf(wire)),
  }))
}

/** MCP: `title`, else the annotation's, else the name. */
function titleOf(wire: { name: string; title?: unknown }): string {
  return typeof wire.title === 'string' && wire.title ? wire.title : wire.name
}
