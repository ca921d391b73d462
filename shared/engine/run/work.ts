/**
 * What one request runs: a tool, a prompt or a resource, in the terms the engine
 * needs to run it. Only the words of its answers and failures differ.
 */
import type { WireError } from '../../protocol/errors.ts'
import type { ToolContext } from '../author/define.ts'

/** How a run comes to an end: the JSON text of a result, or an error. */
export type Ending =
  | { readonly kind: 'result'; readonly json: string; readonly isError?: true }
  | { readonly kind: 'error'; readonly error: WireError }

export interface Work {
  /** As the author calls it: for logs, and for people. */
  readonly name: string
  /** What a `requestState` is bound to: no two things of a server have the same. */
  readonly bound: string
  readonly timeoutMs: number
  /** Nothing to consent to: answers given before they were asked for count. */
  readonly readOnly: boolean
  /** Neither read-only nor idempotent: with the answers of a user it runs once. */
  readonly once: boolean
  run(args: Record<string, unknown>, context: ToolContext): unknown
  /** Of a handler that returned. Never throws: an answer that is none is masked. */
  answer(value: unknown): Ending | Promise<Ending>
  /** Of a handler that threw. */
  failure(error: unknown): Ending
  /** Of a run the engine ended. @param text for the caller */
  stopped(text: string): Ending
}

export const result = (json: string): Ending => ({ kind: 'result', json })
/** A result that tells of a failure: `json` has `isError`. */
export const failedResult = (json: string): Ending => ({ kind: 'result', json, isError: true })
export const failed = (error: WireError): Ending => ({ kind: 'error', error })
