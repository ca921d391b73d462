/**
 * Live tuning: what an operator changes of what callers are shown, without a
 * redeploy. A document of its own, applied once per revision when it is
 * published, so the path of a call pays nothing for it.
 *
 * Does NOT change what runs: names, schemas' rules and scopes stay the author's.
 */
import * as z from 'zod/mini'
import { fail, ok, type Result } from '../lib/result.ts'
import { isToolName } from '../protocol/names.ts'
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import type { Definitions, ToolDefinition } from './entry.ts'
import { TUNED_EXAMPLES_MAX, TUNED_ITEMS_MAX, TUNED_TEXT_MAX_CHARS } from './limits.ts'
import { hintsSchema } from './rules-schema.ts'

const words = z.optional(z.string().check(z.minLength(1), z.maxLength(TUNED_TEXT_MAX_CHARS)))
const shown = { title: words, description: words }

export const tunedToolSchema = z.strictObject({
  ...shown,
  annotations: z.optional(hintsSchema),
  /** Arguments a model may take as a pattern; they stand in the input schema. */
  examples: z.optional(
    z.array(z.record(z.string(), z.unknown())).check(z.maxLength(TUNED_EXAMPLES_MAX)),
  ),
})
export type TunedTool = z.infer<typeof tunedToolSchema>
const tunedItemSchema = z.strictObject(shown)
type TunedItem = z.infer<typeof tunedItemSchema>

const bounded = z.refine<Record<string, unknown>>(
  (items) => Object.keys(items).length <= TUNED_ITEMS_MAX,
  `At most ${TUNED_ITEMS_MAX} items`,
)

export const tuningSchema = z.strictObject({
  title: words,
  instructions: words,
  tools: z.optional(z.record(z.string(), tunedToolSchema).check(bounded)),
  prompts: z.optional(z.record(z.string(), tunedItemSchema).check(bounded)),
  /** By URI or URI template. */
  resources: z.optional(z.record(z.string(), tunedItemSchema).check(bounded)),
  /** Further names: alias → tool, or another alias. Calls reach the tool under its own name. */
  aliases: z.optional(z.record(z.string(), z.string()).check(bounded)),
})
export type Tuning = z.infer<typeof tuningSchema>

export const NO_TUNING: Tuning = {}

/** What one server is shown as. */
export interface Shown {
  readonly definitions: Definitions
  /** Alias → the tool's own name. */
  readonly aliases: Readonly<Record<string, string>>
  readonly emptied: readonly Emptied[]
}

/** Kinds of which everything is turned off: still offered, and empty. */
type Emptied = 'tools' | 'prompts' | 'resources'

/** `tool:now`, `prompt:plan`, `resource:notes://all`: what a switch turns off. */
export type SwitchKey = `${'tool' | 'prompt' | 'resource'}:${string}`
export const isSwitchKey = (key: string): key is SwitchKey => /^(tool|prompt|resource):./.test(key)

/**
 * RFC 7396: members of `patch` replace those of `tuning`, `null` takes them away.
 *
 * @returns what is wrong with the outcome, in one sentence
 */
export function patchTuning(tuning: Tuning, patch: unknown): Result<Tuning, string> {
  if (!isObject(patch)) return fail('Overrides must be a JSON object')
  const parsed = tuningSchema.safeParse(mergePatch(tuning as JsonObject, patch))
  if (!parsed.success) return fail(z.prettifyError(parsed.error))
  const wrong = wrongAlias(parsed.data.aliases ?? {})
  return wrong === undefined ? ok(parsed.data) : fail(wrong)
}

function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else if (!isObject(value)) merged.set(key, value)
    else {
      const old = merged.get(key)
      const next = mergePatch(isObject(old) ? old : {}, value)
      // What was emptied by the patch leaves no trace.
      if (Object.keys(next).length > 0) merged.set(key, next)
      else merged.delete(key)
    }
  }
  return Object.fromEntries(merged)
}

function wrongAlias(aliases: Readonly<Record<string, string>>): string | undefined {
  for (const alias of Object.keys(aliases)) {
    if (!isToolName(alias)) return `"${alias}" cannot be an alias: it is not a tool name`
    if (resolve(aliases, alias) === undefined) return `Alias "${alias}" leads back to itself`
  }
  return undefined
}

/** The name at the end of a chain of aliases; `undefined`: it has none. */
function resolve(aliases: Readonly<Record<string, string>>, from: string): string | undefined {
  const seen = new Set<string>()
  let name = from
  while (Object.hasOwn(aliases, name)) {
    if (seen.has(name)) return undefined
    seen.add(name)
    name = aliases[name] as string
  }
  return name
}

/** What callers are shown. What is tuned and not there (any longer) is passed over. */
export function applyTuning(
  definitions: Definitions,
  tuning: Tuning,
  off: readonly SwitchKey[] = [],
): Shown {
  const { serverInfo } = definitions
  const on = withoutOff(definitions, off)
  const shown: Definitions = {
    ...on,
    serverInfo: tuning.title === undefined ? serverInfo : { ...serverInfo, title: tuning.title },
    ...(tuning.instructions === undefined ? {} : { instructions: tuning.instructions }),
    tools: on.tools.map((tool) => tuneTool(tool, pick(tuning.tools, tool.wire.name))),
    ...(on.prompts && {
      prompts: on.prompts.map((item) => tuneItem(item, pick(tuning.prompts, item.wire.name))),
    }),
    ...(on.resources && {
      resources: on.resources.map((item) => tuneItem(item, pick(tuning.resources, item.wire.uri))),
    }),
    ...(on.resourceTemplates && {
      resourceTemplates: on.resourceTemplates.map((item) =>
        tuneItem(item, pick(tuning.resources, item.wire.uriTemplate)),
      ),
    }),
  }
  return {
    definitions: shown,
    aliases: usableAliases(tuning.aliases ?? {}, on.tools),
    emptied: emptiedBy(definitions, shown),
  }
}

function withoutOff(definitions: Definitions, off: readonly SwitchKey[]): Definitions {
  if (off.length === 0) return definitions
  const isOn = (key: SwitchKey): boolean => !off.includes(key)
  const { tools, prompts, resources, resourceTemplates } = definitions
  return {
    ...definitions,
    tools: tools.filter(({ wire }) => isOn(`tool:${wire.name}`)),
    ...(prompts && { prompts: prompts.filter(({ wire }) => isOn(`prompt:${wire.name}`)) }),
    ...(resources && { resources: resources.filter(({ wire }) => isOn(`resource:${wire.uri}`)) }),
    ...(resourceTemplates && {
      resourceTemplates: resourceTemplates.filter(({ wire }) =>
        isOn(`resource:${wire.uriTemplate}`),
      ),
    }),
  }
}

function emptiedBy(before: Definitions, after: Definitions): Emptied[] {
  const counts = ({
    tools,
    prompts = [],
    resources = [],
    resourceTemplates = [],
  }: Definitions) => ({
    tools: tools.length,
    prompts: prompts.length,
    resources: resources.length + resourceTemplates.length,
  })
  const [had, has] = [counts(before), counts(after)]
  return (Object.keys(had) as Emptied[]).filter((kind) => had[kind] > 0 && has[kind] === 0)
}

/** A tool's own name wins over an alias of the same letters. */
function usableAliases(
  aliases: Readonly<Record<string, string>>,
  tools: readonly ToolDefinition[],
): Record<string, string> {
  const names = new Set(tools.map(({ wire }) => wire.name))
  const usable = Object.keys(aliases).flatMap((alias) => {
    const name = resolve(aliases, alias)
    return name !== undefined && names.has(name) && !names.has(alias) ? [[alias, name]] : []
  })
  return Object.fromEntries(usable) as Record<string, string>
}

const pick = <Value>(items: Readonly<Record<string, Value>> | undefined, name: string) =>
  items && Object.hasOwn(items, name) ? items[name] : undefined

/** Without members that are `undefined`, which would hide the author's. */
function definedOf({ title, description }: TunedItem) {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
  }
}

function tuneItem<Item extends { wire: object }>(item: Item, tuned: TunedItem | undefined): Item {
  return tuned ? { ...item, wire: { ...item.wire, ...definedOf(tuned) } } : item
}

function tuneTool(tool: ToolDefinition, tuned: TunedTool | undefined): ToolDefinition {
  if (!tuned) return tool
  const { annotations, examples, ...texts } = tuned
  const { wire } = tool
  const hints = annotations && { ...wire.annotations, ...annotations }
  const schema = examples && { ...wire.inputSchema, examples }
  return {
    ...tool,
    wire: {
      ...wire,
      ...definedOf(texts),
      ...(hints && { annotations: hints }),
      ...(schema && { inputSchema: schema }),
    },
    // An operator's word makes nothing safer than its author says it is.
    ...(annotations && {
      declared: {
        readOnly: wire.annotations?.readOnlyHint === true,
        idempotent: wire.annotations?.idempotentHint === true,
      },
    }),
  }
}
