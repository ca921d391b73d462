/** All an author may import. Any new export added here becomes public API. */
export {
  defineTool,
  type Tool,
  type ToolContext,
  type ToolOptions,
} from '../engine/author/define.ts'
export { definePrompt, type Prompt, type PromptOptions } from '../engine/author/prompt.ts'
export { defineResource, type Resource, type ResourceOptions } from '../engine/author/resource.ts'
export { jsonSchema } from '../engine/author/json-schema.ts'
export type { JsonSchemaInput } from '../engine/author/json-schema-input.ts'
export { defineServer, type Server, type ServerOptions } from '../engine/author/server.ts'
export type { State } from '../engine/author/state.ts'
export type { Connection, ConnectionInit } from '../engine/author/connection.ts'
export { ToolError, type ToolErrorOptions } from '../engine/author/error.ts'
