/** A server's tools as the engine calls them, prepared once per isolate. */
import { SERVER_INFO_KEY } from '../protocol/2026-07-28/envelope.ts'
import type { Tool } from '../tool/define.ts'
import { DEFAULT_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS } from '../tool/limits.ts'
import { serverInfoOf, type Server } from '../tool/server.ts'
import type { Built } from './built.ts'

export interface CompiledTool {
  readonly name: string
  readonly tool: Tool
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  /** Nothing to consent to: answers given before they were asked for count. */
  readonly readOnly: boolean
}

export interface Compiled {
  readonly built: Built
  readonly server: Server
  readonly tools: ReadonlyMap<string, CompiledTool>
  /** JSON text of the `_meta` members every result carries, without braces. */
  readonly metaJson: string
}

export function compile(server: Server, built: Built): Compiled {
  const tools = new Map<string, CompiledTool>()
  for (const [name, tool] of Object.entries(server.tools)) {
    tools.set(name, {
      name,
      tool,
      timeoutMs: tool.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
      readOnly: tool.annotations?.readOnlyHint === true,
    })
  }
  const serverInfo = serverInfoOf(server, built.name)
  return {
    built,
    server,
    tools,
    metaJson: `"${SERVER_INFO_KEY}":${JSON.stringify(serverInfo)}`,
  }
}
