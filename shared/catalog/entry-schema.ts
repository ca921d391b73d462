/**
 * The catalog's data, as schemas: what a server says of itself, the policy an
 * operator sets, and the two-level snapshot in KV. They run where such data comes in
 * (the objects Worker, the scripts), not in the Workers that only read it: entry.ts.
 */
import * as z from 'zod/mini'
import {
  ACCESS_TOKEN_MAX_SECONDS,
  ACCESS_TOKEN_MIN_SECONDS,
  CANARY_CLIENTS_MAX,
  TENANTS_MAX,
  MAX_TASK_TTL_MS,
} from './limits.ts'
import { platformRulesSchema, rulesSchema } from './rules-schema.ts'

const jsonObject = z.record(z.string(), z.unknown())

/** How a tool runs as a task; absent = it does not. */
export const taskDefinitionSchema = z.looseObject({
  support: z.enum(['optional', 'required']),
  restart: z.enum(['never', 'fromInput']),
  beginsInCall: z.boolean(),
  ttlMs: z.int().check(z.positive(), z.maximum(MAX_TASK_TTL_MS)),
})
export type TaskDefinition = z.infer<typeof taskDefinitionSchema>

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
  /** The author's own hints, where an operator shows others: what is safe follows from both. */
  declared: z.optional(z.looseObject({ readOnly: z.boolean(), idempotent: z.boolean() })),
  /** What of PLATFORM its code uses (`platform-uses.ts`); absent = nothing, and no capability. */
  uses: z.optional(z.array(z.string())),
  task: z.optional(taskDefinitionSchema),
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
  /** What scopes allow, in the author's words for the consent page. */
  scopeDescriptions: z.optional(z.record(z.string(), z.string())),
})
export type Definitions = z.infer<typeof definitionsSchema>

export const policySchema = z.object({
  /** `private`: signed-in users of its tenants; `public`: strangers too; `off`: nobody, as if it were not there. */
  visibility: z.enum(['private', 'public', 'off']),
  dpop: z.enum(['optional', 'required']),
  /** Revocation and catalog changes in force at once, tokens of 5 minutes. */
  strict: z.boolean(),
  publish: z.enum(['auto', 'review']),
  /** Lifetime of access tokens; absent = an hour. Of a strict server always five minutes. */
  accessTokenSeconds: z.optional(
    z.int().check(z.minimum(ACCESS_TOKEN_MIN_SECONDS), z.maximum(ACCESS_TOKEN_MAX_SECONDS)),
  ),
  /** Whose a private server is; absent = tenant `default`. */
  tenants: z.optional(z.array(z.string()).check(z.maxLength(TENANTS_MAX))),
  /** The first that fits decides (rules.ts); absent = none. */
  rules: z.optional(rulesSchema),
  /** Where no rule fits; absent = `allow`. */
  otherwise: z.optional(z.enum(['allow', 'deny'])),
})
export type Policy = z.infer<typeof policySchema>

/** `workers/<name>/policy.json`: counts only when the Catalog first sees the name. */
export const policyFileSchema = z.strictObject({
  $schema: z.optional(z.string()),
  visibility: z.optional(z.enum(['private', 'public'])),
  dpop: z.optional(policySchema.shape.dpop),
  strict: z.optional(z.boolean()),
  publish: z.optional(policySchema.shape.publish),
  accessTokenSeconds: policySchema.shape.accessTokenSeconds,
})
export type PolicyFile = z.infer<typeof policyFileSchema>

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

/** Where one revision of a server is, and what its code must say of itself. */
const armShape = {
  /** Digest of the server's own definitions: calls carry it, other code refuses them. */
  digest: z.string(),
  /** Key of the entry, where an operator changed what is shown; absent = `digest`. */
  view: z.optional(z.string()),
  /** Runs under the name `<server>--canary` in SERVERS. */
  script: z.optional(z.literal('canary')),
  /** Worker version of the code, where it is not the deployed one (service bindings only). */
  codeVersion: z.optional(z.string()),
}
export const armSchema = z.object(armShape)
export type Arm = z.infer<typeof armSchema>

export const canaryPointerSchema = z.object({
  ...armShape,
  percent: z.number(),
  clients: z.array(z.string()).check(z.maxLength(CANARY_CLIENTS_MAX)),
  /** The same for as long as this canary lives, so that nobody changes sides. */
  seed: z.string(),
})
export type CanaryPointer = z.infer<typeof canaryPointerSchema>

export const serverPointerSchema = z.object({
  ...armShape,
  policy: policySchema,
  canary: z.optional(canaryPointerSchema),
})
export type ServerPointer = z.infer<typeof serverPointerSchema>

/** First level, KV `index:<version>`, ≤ 200 KiB: names, pointers, policies. Immutable per version. */
export const catalogIndexSchema = z.object({
  version: z.number(),
  servers: z.record(z.string(), serverPointerSchema),
  /** Asked before each server's own rules; `unfoldIndex` puts them there. */
  rules: z.optional(platformRulesSchema),
})
export type CatalogIndex = z.infer<typeof catalogIndexSchema>

/** Second level, KV `server:<name>:<view>`: what callers are shown of one server. Immutable. */
export const serverEntrySchema = z.object({
  name: z.string(),
  /** Of the server's own definitions, before an operator's changes. */
  digest: z.string(),
  /** Absent: nothing was changed, and the key is the digest. */
  view: z.optional(z.string()),
  definitions: definitionsSchema,
  /** Further names of tools → the tool's own name. */
  aliases: z.optional(z.record(z.string(), z.string())),
  /** Kinds of which an operator turned everything off: still offered, and empty. */
  emptied: z.optional(z.array(z.enum(['tools', 'prompts', 'resources']))),
})
export type ServerEntry = z.infer<typeof serverEntrySchema>
