/** What an operator posts: the body of each operation of the admin API. */
import * as z from 'zod/mini'
import {
  CANARY_CLIENTS_MAX,
  RULE_NOTE_MAX_CHARS,
  RULE_VALUE_MAX_CHARS,
} from '#shared/catalog/limits.ts'
import { platformRulesSchema } from '#shared/catalog/rules-schema.ts'

const text = z.optional(z.string().check(z.maxLength(RULE_VALUE_MAX_CHARS)))
const note = { note: z.optional(z.string().check(z.maxLength(RULE_NOTE_MAX_CHARS))) }
export const patchBody = z.record(z.string(), z.unknown())
export const revisionBody = z.strictObject({ revision: text, ...note })
export const noteBody = z.strictObject(note)
export const itemBody = z.strictObject({ item: text, ...note })
const percent = z.number().check(z.minimum(0), z.maximum(100))
export const canaryBody = z.strictObject({
  revision: text,
  tuning: z.optional(patchBody),
  percent,
  clients: z._default(z.array(z.string()).check(z.maxLength(CANARY_CLIENTS_MAX)), []),
  script: z.optional(z.literal('canary')),
  codeVersion: text,
  rollback: z.optional(
    z.strictObject({
      maxErrorPercent: percent,
      minCalls: z.int().check(z.minimum(1)),
      maxP95Ms: z.optional(z.number().check(z.minimum(1))),
    }),
  ),
  ...note,
})
export const tuningBody = z.strictObject({
  label: z.optional(z.enum(['live', 'canary'])),
  patch: patchBody,
  ...note,
})
export const canBody = z.strictObject({
  item: text,
  principal: z.strictObject({
    subject: z.string(),
    tenant: z._default(z.string(), 'default'),
    clientId: z._default(z.string(), ''),
    groups: z._default(z.array(z.string()), []),
    scopes: z._default(z.array(z.string()), []),
  }),
})
export const rulesBody = z.strictObject({ rules: platformRulesSchema, ...note })
export const republishBody = z.strictObject({
  /** Where the Catalog lost everything: begin with what is deployed. */
  startOver: z._default(z.boolean(), false),
  /** Access tokens and 2025-era sessions of before count no more; clients get new ones. */
  distrust: z._default(z.boolean(), false),
  ...note,
})
