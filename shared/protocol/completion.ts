/**
 * Params of `completion/complete`, the one call whose target stands in the body
 * alone (2026-07-28 server/utilities/completion): read by the router, which
 * decides on it, and again by the engine.
 */
import { isObject, type JsonObject } from './jsonrpc.ts'

export interface CompletionRequest {
  readonly kind: 'prompt' | 'resource'
  /** Prompt name, or URI template. */
  readonly target: string
  readonly argument: string
  readonly value: string
  /** Arguments given so far. */
  readonly others: Readonly<Record<string, string>>
}

/** @returns `undefined` when they are no such params */
export function readCompletion(params: JsonObject): CompletionRequest | undefined {
  const { ref, argument, context } = params
  if (!isObject(ref) || !isObject(argument)) return undefined
  const { name, value } = argument
  if (typeof name !== 'string' || typeof value !== 'string') return undefined
  const kind = KINDS.get(ref['type'])
  const target = kind === 'prompt' ? ref['name'] : ref['uri']
  if (kind === undefined || typeof target !== 'string') return undefined
  const others = isObject(context) ? (context['arguments'] ?? {}) : {}
  if (!isObject(others) || !Object.values(others).every((other) => typeof other === 'string')) {
    return undefined
  }
  return { kind, target, argument: name, value, others: others as Record<string, string> }
}

const KINDS: ReadonlyMap<unknown, CompletionRequest['kind']> = new Map([
  ['ref/prompt', 'prompt'],
  ['ref/resource', 'resource'],
])

/** What a decision on the call names: a prompt and a template may share a name. */
export const completionTarget = ({ kind, target }: CompletionRequest): string => `${kind} ${target}`
