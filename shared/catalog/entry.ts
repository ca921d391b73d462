/**
 * The catalog's data: what a server says of itself, the policy an operator sets,
 * and the two-level snapshot in KV. Schemas in zod/mini (6 KiB against 24): they
 * run at trust boundaries of the router, the oauth Worker and the objects.
 */
import * as z from 'zod/mini'

const jsonObject = z.record(z.string(), z.unknown())

/** One tool, as `tools/list` shows it (2026-07-28 wire form) plus what only the platform reads. */
export const toolDefinitionSchema = z.looseObject({
  /** Verbatim MCP `Tool`: name, title, description, inputSchema, outputSchema, annotations, icons, _meta. */
  wire: z.looseObject({
    name: z.string(),
    description: z.string(),
    inputSchema: jsonObject,
    annotations: z.optional(
      z.looseObject({
        readOnlyHint: z.optional(z.boolean()),
        destructiveHint: z.optional(z.boolean()),
        idempotentHint: z.optional(z.boolean()),
        openWorldHint: z.optional(z.boolean()),
      }),
    ),
  }),
  /** Scopes a caller must all hold; empty = any caller the policy lets in. */
  scopes: z.array(z.string()),
})
export type ToolDefinition = z.infer<typeof toolDefinitionSchema>

/** Arguments or variables the server completes; absent = none. */
const completes = z.optional(z.array(z.string()))

/** One prompt, as `prompts/list` shows it, plus what only the platform reads. */
export const promptDefinitionSchema = z.looseObject({
  wire: z.looseObject({ name: z.string(), description: z.string() }),
  scopes: z.array(z.string()),
  completes,
})
export type PromptDefinition = z.infer<typeof promptDefinitionSchema>

/** One resource of a fixed URI. */
export const resourceDefinitionSchema = z.looseObject({
  wire: z.looseObject({ uri: z.string(), name: z.string() }),
  scopes: z.array(z.string()),
})
export type ResourceDefinition = z.infer<typeof resourceDefinitionSchema>

export const resourceTemplateDefinitionSchema = z.looseObject({
  wire: z.looseObject({ uriTemplate: z.string(), name: z.string() }),
  scopes: z.array(z.string()),
  completes,
  /** The server itself says which there are: `resources/list` cannot be answered without it. */
  lists: z.optional(z.boolean()),
})
export type ResourceTemplateDefinition = z.infer<typeof resourceTemplateDefinitionSchema>

/**
 * Everything a server publishes. Its digest pins what callers were shown, so keys
 * of a newer release are kept: without them the digest could not be checked.
 */
export const definitionsSchema = z.looseObject({
  serverInfo: z.looseObject({
    name: z.string(),
    version: z.string(),
    title: z.optional(z.string()),
  }),
  instructions: z.optional(z.string()),
  tools: z.array(toolDefinitionSchema),
  prompts: z.optional(z.array(promptDefinitionSchema)),
  resources: z.optional(z.array(resourceDefinitionSchema)),
  resourceTemplates: z.optional(z.array(resourceTemplateDefinitionSchema)),
})
export type Definitions = z.infer<typeof definitionsSchema>

export const policySchema = z.object({
  /** `private`: any signed-in user of the tenant; `public`: strangers too. */
  visibility: z.enum(['private', 'public']),
  dpop: z.enum(['optional', 'required']),
  /** Revocation and catalog changes in force at once, tokens of 5 minutes. */
  strict: z.boolean(),
  publish: z.enum(['auto', 'review']),
})
export type Policy = z.infer<typeof policySchema>

/** `workers/<name>/policy.json`: counts only when the Catalog first sees the name. */
export const policyFileSchema = z.strictObject({
  $schema: z.optional(z.string()),
  visibility: z.optional(policySchema.shape.visibility),
  dpop: z.optional(policySchema.shape.dpop),
  strict: z.optional(z.boolean()),
  publish: z.optional(policySchema.shape.publish),
})
export type PolicyFile = z.infer<typeof policyFileSchema>

/** Closed unless opened. */
export const DEFAULT_POLICY: Policy = {
  visibility: 'private',
  dpop: 'optional',
  strict: false,
  publish: 'auto',
}

/** What a server answers the platform principal (`DESCRIPTION_META_KEY`). */
export const descriptionSchema = z.object({
  /** SHA-256 (base64url) of the RFC 8785 form of `definitions`. */
  digest: z.string(),
  /** Changes with every build, also when the definitions do not. */
  build: z.string(),
  definitions: definitionsSchema,
  policy: z.optional(policyFileSchema),
})
export type ServerDescription = z.infer<typeof descriptionSchema>

/** First level, KV `index:<version>`, ≤ 200 KiB: names, pointers, policies. Immutable per version. */
export const catalogIndexSchema = z.object({
  version: z.number(),
  servers: z.record(z.string(), z.object({ digest: z.string(), policy: policySchema })),
})
export type CatalogIndex = z.infer<typeof catalogIndexSchema>

/** Second level, KV `server:<name>:<digest>`: one server's definitions. Immutable. */
export const serverEntrySchema = z.object({
  name: z.string(),
  digest: z.string(),
  definitions: definitionsSchema,
})
export type ServerEntry = z.infer<typeof serverEntrySchema>

export const indexKey = (version: number): string => `index:${version}`
export const serverKey = (name: string, digest: string): string => `server:${name}:${digest}`
