/**
 * What a server publishes, from its code. Only the generator and the test
 * client import this: definitions are computed at build time, not in a Worker.
 */
import type { Definitions, ToolDefinition } from '../catalog/entry.ts'
import type { Tool } from './define.ts'
import { serverInfoOf, type Server } from './server.ts'

type JsonSchema = Record<string, unknown>

/** @param folder the server's name in SERVERS; its name on the wire unless the author gave one */
export function definitionsOf(server: Server, folder: string): Definitions {
  return {
    serverInfo: serverInfoOf(server, folder),
    ...(server.instructions === undefined ? {} : { instructions: server.instructions }),
    tools: Object.entries(server.tools).map(([name, tool]) => toolDefinition(name, tool)),
  }
}

function toolDefinition(name: string, tool: Tool): ToolDefinition {
  const { title, description, input, output, annotations, icons } = tool
  return {
    wire: {
      name,
      ...(title === undefined ? {} : { title }),
      description,
      inputSchema: input
        ? jsonSchema(name, 'input', () => input.toJSONSchema({ io: 'input' }))
        : { type: 'object', properties: {} },
      ...(output && {
        outputSchema: jsonSchema(name, 'output', () => output.toJSONSchema({ io: 'output' })),
      }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(icons && { icons }),
    },
    scopes: [...(tool.scopes ?? [])],
  }
}

function jsonSchema(name: string, part: string, convert: () => unknown): JsonSchema {
  try {
    // Drops zod's non-enumerable helpers: what is left is what travels.
    return JSON.parse(JSON.stringify(convert())) as JsonSchema
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TypeError(
      `Tool "${name}": its ${part} schema cannot be said in JSON Schema (${reason}). Use types that JSON has, e.g. z.iso.datetime() for a date.`,
    )
  }
}
