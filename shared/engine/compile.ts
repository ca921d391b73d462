/** A server's tools as the engine calls them, prepared once per isolate. */
import type { CompiledTool, Compiled, PlatformPart } from './run/run-model.ts'
import { SERVER_INFO_KEY } from '../protocol/revisions/2026-07-28/envelope.ts'
import type { Tool } from './author/define.ts'
import { DEFAULT_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from './author/limits.ts'
import { serverInfoOf, type Server } from './author/server.ts'
import type { Built } from './built.ts'
import { answerOf, failureOf, toolFailure } from './output.ts'
import { joined } from './features/platform-use.ts'
import { failedResult, result } from './run/work.ts'

export function compile(
  server: Server,
  built: Built,
  parts: readonly PlatformPart[] = [],
): Compiled {
  const tools = new Map<string, CompiledTool>()
  const serverInfo = serverInfoOf(server, built.name)
  const metaJson = `"${SERVER_INFO_KEY}":${JSON.stringify(serverInfo)}`
  const compiled: Compiled = { built, server, tools, metaJson, platform: joined(parts) }
  for (const [name, tool] of Object.entries(server.tools)) {
    tools.set(name, compileTool(compiled, name, tool))
  }
  return compiled
}

function compileTool(compiled: Compiled, name: string, tool: Tool): CompiledTool {
  const { readOnlyHint, idempotentHint } = tool.annotations ?? {}
  const self: CompiledTool = {
    name,
    bound: name,
    tool,
    timeoutMs: tool.timeoutMs ?? (tool.task ? MAX_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
    maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
    readOnly: readOnlyHint === true,
    once: readOnlyHint !== true && idempotentHint !== true,
    run: (args, context) => tool.handler(args, context),
    answer: (value) => answerOf(compiled, self, value).then(result),
    failure: (error) => failedResult(failureOf(compiled, self, error)),
    stopped: (text) => failedResult(toolFailure(compiled.metaJson, text)),
  }
  return self
}
