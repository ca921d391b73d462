/** Records of a backup as they must be: a file of another release is refused before it is written. */
import * as z from 'zod/mini'
import { definitionsSchema, policySchema } from '#shared/catalog/entry-schema.ts'
import { platformRulesSchema } from '#shared/catalog/rules-schema.ts'
import type { BackupRecord } from '#shared/catalog/backup-contract.ts'
import { BACKUP_PAGE_MAX_RECORDS } from '../limits.ts'

const seconds = z.number().check(z.nonnegative())
const texts = z.array(z.string())
const release = z.looseObject({ digest: z.string(), tuning: z.looseObject({}) })

const server = z.strictObject({
  name: z.string(),
  /** `ServerState`; labels it does not have are absent. */
  state: z.looseObject({
    policy: z.looseObject(policySchema.shape),
    enabled: z.boolean(),
    off: texts,
    live: release,
    held: texts,
  }),
  build: z.string(),
  createdMs: z.number(),
})
const change = z.strictObject({
  id: z.int().check(z.positive()),
  atMs: z.number(),
  by: z.string(),
  server: z.optional(z.string()),
  action: z.string(),
  note: z.optional(z.string()),
  before: z.looseObject({}),
  after: z.looseObject({}),
})
const revision = z.strictObject({
  server: z.string(),
  digest: z.string(),
  build: z.string(),
  definitions: definitionsSchema,
  findings: z.array(z.looseObject({ level: z.enum(['warning', 'refusal']) })),
  madeBy: z.string(),
  createdMs: z.number(),
})
const apiKey = z.strictObject({
  id: z.string(),
  hash: z.string(),
  name: z.string(),
  tenant: z.string(),
  subject: z.string(),
  scopes: texts,
  servers: texts,
  createdAtSeconds: seconds,
  expiresAtSeconds: seconds,
  lastUsedAtSeconds: z.optional(seconds),
  revokedAtSeconds: z.optional(seconds),
  rotatedTo: z.optional(z.string()),
})
const grant = z.strictObject({
  key: z.string().check(z.regex(/^grant:[\w-]{43}:[^:]+$/)),
  value: z.string(),
  metadata: z.unknown(),
  expiresAtSeconds: z.nullable(seconds),
})
const connection = z.strictObject({
  sealed: z.string(),
  revision: z.number(),
  linkedAtSeconds: seconds,
  usedAtSeconds: z.optional(seconds),
  expiresMs: z.number(),
})
const owner = z.strictObject({ tenant: z.string(), subject: z.string(), service: z.string() })
const forbidden = z.strictObject({
  kind: z.enum(['grant', 'session']),
  id: z.string(),
  untilSeconds: seconds,
})

const recordSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('server'), row: server }),
  z.strictObject({ kind: z.literal('rules'), rules: platformRulesSchema }),
  z.strictObject({ kind: z.literal('change'), row: change }),
  z.strictObject({ kind: z.literal('revision'), row: revision }),
  z.strictObject({ kind: z.literal('api-key'), row: apiKey }),
  z.strictObject({ kind: z.literal('grant'), row: grant }),
  z.strictObject({ kind: z.literal('connection'), owner, row: connection }),
  z.strictObject({ kind: z.literal('forbidden'), row: forbidden }),
])

export const recordsSchema = z
  .array(recordSchema)
  .check(z.maxLength(BACKUP_PAGE_MAX_RECORDS)) as unknown as z.ZodMiniType<BackupRecord[]>
