/**
 * `defineTool`: all an author writes. Options are checked here, when the module
 * loads, so that a mistake fails the build with its remedy and not a call.
 */
import type * as z from 'zod'
import type { Principal } from '../../identity/principal.ts'
import type { LogLevel } from '../../protocol/revisions/2026-07-28/envelope.ts'
import { checkOptions } from './check.ts'
import type { JsonSchemaInput } from './json-schema-input.ts'
import type { ContentResult } from './content.ts'
import type { Elicited, Form, FormContent, Opened, Page } from './elicit.ts'
import type { PlatformContext } from './platform.ts'
import type { ClientOffers, Root, Sampled, SampleParams } from './sample.ts'
import type { Scopes } from './scopes.ts'
import type { Restart, TaskOptions, TaskSupport } from './task.ts'

/** What every handler gets beside its arguments. */
export interface RunContext {
  /** This Worker's bindings. */
  readonly env: Cloudflare.Env
  /** The verified caller; never their token. */
  readonly principal: Principal
  /** Aborts when the client goes away or the tool's time is over. Hand it to `fetch`. */
  readonly signal: AbortSignal
  /** Reports progress to clients that asked for it; values that do not increase are dropped. */
  progress(progress: number, total?: number, message?: string): Promise<void>
  /** Sends a log message to clients that asked for this level; `data` is any JSON. */
  log(level: LogLevel, data: unknown): void
  /**
   * Lets the client's connection go while the handler works on; the client comes back
   * for the rest (SEP-1699). What is left must take less than 25 s: longer work is a
   * task. Does nothing for clients that cannot come back (2026-07-28, before 2025-11-25).
   *
   * @param retryMs when the client should be back; default 500, at most 20 000
   * @throws RangeError when it is no whole number of milliseconds
   */
  closeStream(retryMs?: number): void
  /**
   * Asks the user. The handler does not go on from here: it is run again from
   * the top when the answer is there, so *ask first, then act*. Several questions
   * asked together (`Promise.all`) are put to the user together.
   *
   * @param key names the question within the tool; the same in every run
   */
  elicit<Asked extends Form>(
    key: string,
    message: string,
    form: Asked,
  ): Promise<Elicited<FormContent<Asked>>>
  /** Asks the user to open a page. Resolves when they said what they did with it. */
  elicit(key: string, message: string, page: Page): Promise<Opened>
  /** What this client can be asked for. */
  readonly client: ClientOffers
  /** Asks the client's model; the handler is run again as with `elicit`. */
  sample(key: string, params: SampleParams): Promise<Sampled>
  /** Asks for the client's roots; the handler is run again as with `elicit`. @param key default `roots` */
  roots(key?: string): Promise<Root[]>
  /**
   * In a tool that `beginsInCall`: the task begins here. The handler is run again
   * from the top as a task, answers kept, and goes on from here. Resolves at once
   * in the task, and where the client knows no tasks.
   */
  task(): Promise<void>
}

/** What a tool's handler gets beside its arguments. */
export interface ToolContext extends RunContext, PlatformContext {}

/** Hints for clients and models, never enforced by them (server/tools "Tool Annotations"). */
export interface ToolAnnotations {
  /** Changes nothing. An answer the client gives unasked counts only here. */
  readOnlyHint?: boolean
  destructiveHint?: boolean
  idempotentHint?: boolean
  openWorldHint?: boolean
}

export interface ToolIcon {
  /** `https:` or `data:` URL. */
  src: string
  mimeType?: string
  /** e.g. `['48x48']` */
  sizes?: string[]
  theme?: 'light' | 'dark'
}

/** A string is text; an object, array, number or boolean is sent as JSON; nothing is an empty answer. */
export type PlainOutput = string | number | boolean | null | undefined | void | object

/** The arguments: a zod object, or `jsonSchema({ … })` for keywords zod lacks. */
export type ToolInput = z.ZodObject | JsonSchemaInput

export type ToolArguments<Input extends ToolInput> = Input extends z.ZodObject
  ? z.output<Input>
  : Input extends JsonSchemaInput<infer Args>
    ? Args
    : never

interface CallOptions<Input extends ToolInput, Output extends z.ZodObject | undefined> {
  /** Written for the model that picks a tool: what it does, when to use it. */
  description: string
  /** Written for people. */
  title?: string
  /** The arguments. Absent: none. */
  input?: Input
  /** The answer, validated and sent as `structuredContent` and as the same JSON in text. */
  output?: Output
  annotations?: ToolAnnotations
  /** Scopes a caller must all hold; without one the call answers 403 before the handler runs. */
  scopes?: Scopes
  icons?: ToolIcon[]
  /** Default 120 000, or 15 minutes for a tool with `task`; at most that. */
  timeoutMs?: number
  /** Bound of the whole serialised answer. Default 1 MiB; at most 8 MiB. */
  maxOutputBytes?: number
  handler(
    args: ToolArguments<Input>,
    context: ToolContext,
  ): Output extends z.ZodObject
    ? z.input<Output> | Promise<z.input<Output>>
    : PlainOutput | ContentResult | Promise<PlainOutput | ContentResult>
}

export type ToolOptions<
  Input extends ToolInput = ToolInput,
  Output extends z.ZodObject | undefined = z.ZodObject | undefined,
> = CallOptions<Input, Output> & TaskOptions

const TOOL = Symbol('mcp-edge tool')

/** A checked tool. Its name is its file's, or its key in `defineServer({ tools })`. */
export interface Tool extends Readonly<
  Omit<CallOptions<ToolInput, z.ZodObject | undefined>, 'handler'>
> {
  readonly [TOOL]: true
  readonly task?: TaskSupport | undefined
  readonly restart?: Restart | undefined
  readonly beginsInCall?: boolean | undefined
  readonly taskTtlMs?: number | undefined
  handler(args: Record<string, unknown>, context: ToolContext): unknown
}

/**
 * Defines one tool.
 *
 * @throws TypeError with the remedy, for unknown options and impossible values
 */
export function defineTool<
  Input extends ToolInput = z.ZodObject<Record<never, never>>,
  Output extends z.ZodObject | undefined = undefined,
>(options: ToolOptions<Input, Output>): Tool {
  checkOptions(options)
  return Object.freeze({ ...(options as unknown as Tool), [TOOL]: true as const })
}

export const isTool = (value: unknown): value is Tool =>
  typeof value === 'object' && value !== null && TOOL in value
