/**
 * `definePrompt`: a message template a person picks (2026-07-28 server/prompts).
 * Arguments are texts: protocol and clients know no other kind.
 */
import type * as z from 'zod'
import { checkCompleters, checkPrompt } from './check-features.ts'
import type { ContentBlock } from './content.ts'
import type { Complete } from './complete.ts'
import type { RunContext, ToolIcon } from './define.ts'
import type { Scopes } from './scopes.ts'

export interface PromptArgument {
  name: string
  title?: string
  description?: string
  required?: boolean
}

/** A zod object whose fields take texts (`z.coerce` for others), or a list. */
export type PromptInput = z.ZodObject | readonly PromptArgument[]

export type PromptArguments<Input extends PromptInput> = Input extends z.ZodObject
  ? z.output<Input>
  : Input extends readonly PromptArgument[]
    ? {
        [Argument in Input[number] as Argument['name']]: Argument['required'] extends true
          ? string
          : string | undefined
      }
    : never

type NameOf<Input extends PromptInput> = keyof PromptArguments<Input> & string

export interface PromptMessage {
  role: 'user' | 'assistant'
  content: ContentBlock
}

/** A string is one message of the user. */
export type PromptOutput = string | PromptMessage[]

export interface PromptOptions<Input extends PromptInput = PromptInput> {
  /** Written for the person who picks it. */
  description: string
  title?: string
  input?: Input
  /** Scopes a caller must all hold. */
  scopes?: Scopes
  icons?: ToolIcon[]
  /** Default 120 000; at most 15 minutes. */
  timeoutMs?: number
  /** Suggestions while the person types, by argument. */
  complete?: { [Name in NameOf<Input>]?: Complete }
  handler(args: PromptArguments<Input>, context: RunContext): PromptOutput | Promise<PromptOutput>
}

const PROMPT = Symbol('mcp-edge prompt')

/** A checked prompt. Its name is its key in `defineServer({ prompts })`. */
export interface Prompt extends Readonly<Omit<PromptOptions, 'handler' | 'complete'>> {
  readonly [PROMPT]: true
  readonly complete?: Readonly<Record<string, Complete>>
  handler(args: Record<string, unknown>, context: RunContext): unknown
}

/** @throws TypeError with the remedy, for unknown options and impossible values */
export function definePrompt<const Input extends PromptInput = readonly []>(
  options: PromptOptions<Input>,
): Prompt {
  checkPrompt(options)
  const prompt = options as unknown as Prompt
  checkCompleters('definePrompt', prompt.complete, argumentNames(prompt.input))
  return Object.freeze({ ...prompt, [PROMPT]: true as const })
}

export const isPrompt = (value: unknown): value is Prompt =>
  typeof value === 'object' && value !== null && PROMPT in value

export const isArgumentList = (input: PromptInput): input is readonly PromptArgument[] =>
  Array.isArray(input)

function argumentNames(input: PromptInput | undefined): string[] {
  if (input === undefined) return []
  return isArgumentList(input) ? input.map(({ name }) => name) : Object.keys(input.shape)
}
