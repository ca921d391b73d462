/**
 * The language of permissions: an ordered list of rules, the first that fits a
 * caller and a thing decides. Data only; policy.ts decides by it (DESIGN §4.7), and runs where these schemas do not: rules.ts
 * has the types alone.
 *
 *     { "effect": "deny", "who": { "groups": ["contractors"] },
 *       "what": { "annotations": { "readOnlyHint": false } } }
 */
import * as z from 'zod/mini'
import { RULE_NOTE_MAX_CHARS, RULE_VALUE_MAX_CHARS, RULE_VALUES_MAX, RULES_MAX } from './limits.ts'

const values = z.optional(
  z
    .array(z.string().check(z.minLength(1), z.maxLength(RULE_VALUE_MAX_CHARS)))
    .check(z.minLength(1), z.maxLength(RULE_VALUES_MAX)),
)

/**
 * Every key given must fit; of its values one. Absent = everybody.
 *
 * Subjects and groups are names within a tenant, groups and clients names of an issuer
 * (auth/foreign-name.ts). A rule that does not say whose they are is read to the safe
 * side: what it allows, it allows tenant `default` and the platform's own names; what it
 * denies, it denies under that name in every tenant and of every issuer.
 */
export const whoSchema = z.strictObject({
  subjects: values,
  /** Full names: `staff` of the own identity provider, `https://idp.example.com#staff` of another issuer. */
  groups: values,
  tenants: values,
  /** Full names of OAuth clients, likewise. */
  clients: values,
  /** `true`: anybody but strangers; `false`: strangers alone. */
  signedIn: z.optional(z.boolean()),
})
export type Who = z.infer<typeof whoSchema>

/** MCP's hints; one that a tool does not give counts as the specification's default. */
export const hintsSchema = z.strictObject({
  readOnlyHint: z.optional(z.boolean()),
  destructiveHint: z.optional(z.boolean()),
  idempotentHint: z.optional(z.boolean()),
  openWorldHint: z.optional(z.boolean()),
})
export type Hints = z.infer<typeof hintsSchema>

/**
 * What the rule is about; absent = the server and all it has. Names may end in `*`.
 * `annotations` alone means all tools that have them; with `tools`, those of them.
 */
export const whatSchema = z.strictObject({
  tools: values,
  prompts: values,
  /** URIs and URI templates, as the lists show them. */
  resources: values,
  annotations: z.optional(hintsSchema),
})
export type What = z.infer<typeof whatSchema>

export const ruleSchema = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  who: z.optional(whoSchema),
  what: z.optional(whatSchema),
  /** For whoever reads the policy, and in the explanation of a decision. */
  note: z.optional(z.string().check(z.maxLength(RULE_NOTE_MAX_CHARS))),
})
export type Rule = z.infer<typeof ruleSchema>

export const rulesSchema = z.array(ruleSchema).check(z.maxLength(RULES_MAX))

/** A rule of the whole platform: asked before a server's own. */
export const platformRuleSchema = z.strictObject({
  ...ruleSchema.shape,
  /** Names of servers, each may end in `*`; absent = all. */
  servers: values,
})
export type PlatformRule = z.infer<typeof platformRuleSchema>

export const platformRulesSchema = z.array(platformRuleSchema).check(z.maxLength(RULES_MAX))
