/** What `defineTool` refuses. Each message names the option and what to write instead. */
import { MAX_TASK_TTL_MS } from '../../catalog/limits.ts'
import { isJsonSchema } from './json-schema-input.ts'
import { MAX_OUTPUT_BYTES, MAX_TIMEOUT_MS, SCOPE_WORDS_MAX_CHARS } from './limits.ts'

const OPTIONS: ReadonlySet<string> = new Set(
  (
    'description title input output annotations scopes icons timeoutMs maxOutputBytes ' +
    'task restart beginsInCall taskTtlMs handler'
  ).split(' '),
)
const HINTS: ReadonlySet<string> = new Set(
  'readOnlyHint destructiveHint idempotentHint openWorldHint'.split(' '),
)
/** RFC 6749 §3.3 scope-token. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** @throws TypeError */
export function checkOptions(options: object): void {
  const tool = options as Record<string, unknown>
  const maker = 'defineTool'
  known(maker, tool, OPTIONS)
  checkCommon(maker, tool)
  must(
    maker,
    typeof tool['handler'] === 'function',
    'handler: give a function (args, context) => answer',
  )
  must(
    maker,
    optional(tool['input'], (input) => isZodObject(input) || isJsonSchema(input)),
    'input: give a z.object({ … }) of zod 4, or jsonSchema({ … })',
  )
  must(maker, optional(tool['output'], isZodObject), 'output: give a z.object({ … }) of zod 4')
  checkAnnotations(tool['annotations'])
  must(
    maker,
    optional(tool['maxOutputBytes'], (value) => isCount(value, MAX_OUTPUT_BYTES)),
    `maxOutputBytes: give whole bytes from 1 to ${MAX_OUTPUT_BYTES}`,
  )
  checkTask(maker, tool)
}

/** An attempt may be lost with its isolate: whether to run again is nothing to guess. */
function checkTask(maker: string, tool: Record<string, unknown>): void {
  const { task, restart, beginsInCall, taskTtlMs, annotations } = tool
  const oneOf = (value: unknown, ...allowed: string[]) => allowed.includes(value as string)
  must(
    maker,
    optional(task, (value) => oneOf(value, 'optional', 'required')),
    "task: give 'optional' or 'required', or leave it out",
  )
  must(
    maker,
    optional(restart, (value) => oneOf(value, 'never', 'fromInput')),
    "restart: give 'never' or 'fromInput'",
  )
  if (task === undefined) {
    const stray = restart ?? beginsInCall ?? taskTtlMs
    const what = 'restart, beginsInCall and taskTtlMs are for tasks'
    must(maker, stray === undefined, `${what}: add task: 'optional' or 'required'`)
    return
  }
  must(
    maker,
    restart !== undefined || isRepeatable(annotations),
    "restart: say what happens when an attempt is lost half way: 'never' (the task fails) or " +
      "'fromInput' (the handler runs again); only a tool with idempotentHint or readOnlyHint may leave it out",
  )
  must(
    maker,
    optional(beginsInCall, (value) => typeof value === 'boolean'),
    'beginsInCall: give true or false',
  )
  must(
    maker,
    optional(taskTtlMs, (value) => isCount(value, MAX_TASK_TTL_MS)),
    `taskTtlMs: give whole milliseconds from 1 to ${MAX_TASK_TTL_MS}`,
  )
}

/** Running it twice does no harm. */
export function isRepeatable(annotations: unknown): boolean {
  const { idempotentHint, readOnlyHint } = (annotations ?? {}) as Record<string, unknown>
  return idempotentHint === true || readOnlyHint === true
}

/** What tools, prompts and resources have in common. @throws TypeError */
export function checkCommon(maker: string, options: Record<string, unknown>): void {
  must(
    maker,
    isText(options['description']),
    'description: say in a sentence what it does and when to use it; models choose by it',
  )
  must(maker, optional(options['title'], isText), 'title: give a non-empty string, or leave it out')
  must(
    maker,
    optional(options['scopes'], isScopes),
    'scopes: give a non-empty array of scope names without spaces, or { name: what it allows, in words }, or leave it out',
  )
  must(
    maker,
    optional(options['icons'], isIcons),
    'icons: give an array of { src, mimeType?, sizes?, theme? } with https: or data: URLs',
  )
  must(
    maker,
    optional(options['timeoutMs'], (value) => isCount(value, MAX_TIMEOUT_MS)),
    `timeoutMs: give whole milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
  )
}

/** @throws TypeError naming an option that does not exist */
export function known(where: string, options: object, allowed: ReadonlySet<string>): void {
  for (const key of Object.keys(options)) {
    if (!allowed.has(key)) {
      throw new TypeError(`${where}: unknown option "${key}". It takes ${[...allowed].join(', ')}.`)
    }
  }
}

function checkAnnotations(annotations: unknown): void {
  if (annotations === undefined) return
  must(
    'defineTool',
    typeof annotations === 'object' && annotations !== null,
    'annotations: give an object such as { readOnlyHint: true }',
  )
  known('defineTool annotations', annotations as object, HINTS)
  for (const [hint, value] of Object.entries(annotations as object)) {
    must('defineTool', typeof value === 'boolean', `annotations.${hint}: give true or false`)
  }
}

/** @throws TypeError */
export function must(maker: string, holds: boolean, remedy: string): void {
  if (!holds) throw new TypeError(`${maker} ${remedy}.`)
}

export const optional = (value: unknown, test: (value: unknown) => boolean): boolean =>
  value === undefined || test(value)

export const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''

const isCount = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max

/** By zod's own tag: `instanceof` would pull zod into every author's bundle twice. */
export const isZodObject = (value: unknown): boolean =>
  (value as { _zod?: { def?: { type?: string } } } | null)?._zod?.def?.type === 'object'

function isScopes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const names: unknown[] = Array.isArray(value) ? value : Object.keys(value)
  const words: unknown[] = Array.isArray(value) ? [] : Object.values(value)
  const areNames = names.every((name) => typeof name === 'string' && SCOPE.test(name))
  const isShort = (text: unknown): boolean =>
    isText(text) && (text as string).length <= SCOPE_WORDS_MAX_CHARS
  return names.length > 0 && areNames && words.every(isShort)
}

const isIcons = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((icon: unknown) => {
    const { src } = (icon ?? {}) as { src?: unknown }
    return typeof src === 'string' && /^(https:|data:)/.test(src)
  })
