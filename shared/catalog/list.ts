/**
 * What the router needs of one server, built once per digest: who may call what,
 * and the tool list as text, so that a list costs no serialising.
 *
 * Order: tools as the server gave them (the digest pins it), scopes sorted.
 */
import type { ServerEntry } from './entry.ts'

export interface CompiledTool {
  /** All of them are needed; empty = any caller the policy lets in. */
  readonly scopes: readonly string[]
  readonly readOnly: boolean
  readonly idempotent: boolean
}

export interface CompiledServer {
  readonly entry: ServerEntry
  readonly tools: ReadonlyMap<string, CompiledTool>
  /** JSON array of MCP `Tool`s: the value of `tools` in a `tools/list` result. */
  readonly toolsJson: string
  /** Union of the scopes of all tools, sorted. */
  readonly scopes: readonly string[]
}

export function compileServer(entry: ServerEntry): CompiledServer {
  const tools = new Map<string, CompiledTool>()
  const scopes = new Set<string>()
  for (const tool of entry.definitions.tools) {
    const { annotations, name } = tool.wire
    for (const scope of tool.scopes) scopes.add(scope)
    tools.set(name, {
      scopes: tool.scopes,
      readOnly: annotations?.readOnlyHint === true,
      idempotent: annotations?.idempotentHint === true,
    })
  }
  return {
    entry,
    tools,
    toolsJson: JSON.stringify(entry.definitions.tools.map((tool) => tool.wire)),
    scopes: [...scopes].sort(),
  }
}
