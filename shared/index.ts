/** All an author may import. Any new export added here becomes public API. */
export { defineTool, type Tool, type ToolContext, type ToolOptions } from './tool/define.ts'
export { definePrompt, type Prompt, type PromptOptions } from './tool/prompt.ts'
export { defineResource, type Resource, type ResourceOptions } from './tool/resource.ts'
export { jsonSchema } from './tool/json-schema.ts'
export type { JsonSchemaInput } from './tool/json-schema-input.ts'
export { defineServer, type Server, type ServerOptions } from './tool/server.ts'
export type { State } from './tool/state.ts'
export { ToolError, type ToolErrorOptions } from './tool/error.ts'
