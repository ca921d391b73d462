/** Suggestions for an argument while a person types it (2026-07-28 server/utilities/completion). */
import type { Principal } from '../../identity/principal.ts'

/** What a quick look gets: no questions, no progress. */
export interface LookContext {
  /** This Worker's bindings. */
  readonly env: Cloudflare.Env
  /** The verified caller; never their token. */
  readonly principal: Principal
  /** Aborts when the client goes away or ten seconds are over. */
  readonly signal: AbortSignal
}

export interface CompletionContext extends LookContext {
  /** What the other arguments are so far. */
  readonly arguments: Readonly<Record<string, string>>
}

/** @returns suggestions, best first; the client gets at most 100 */
export type Complete = (
  value: string,
  context: CompletionContext,
) => readonly string[] | Promise<readonly string[]>
