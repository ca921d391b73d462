/**
 * `requestState`: what a run remembers while a person thinks, in the client's
 * hands (patterns/mrtr). Sealed, and bound to principal, tool and arguments, so
 * it continues exactly the call it came from; expiring; ≤ 8 rounds (DESIGN §4.6).
 *
 * Does NOT stop a state from being presented twice: that needs memory, and is
 * the Run object's (`platform.ts`).
 */
import type { Principal } from '../../identity/principal.ts'
import { toBase64Url } from '../../lib/base64url.ts'
import { open, seal, type SealKeys } from '../../identity/seal.ts'
import { canonicalJson } from '../../lib/canonical-json.ts'
import { randomId } from '../../lib/random-id.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { REQUEST_STATE_LIFETIME_SECONDS, REQUEST_STATE_MAX_CHARS } from '../limits.ts'

/** What user or client answered, checked, as it goes back to the handler; JSON, never `undefined`. */
export type Answer = unknown

/** What must be the same in every round. */
export interface RunBinding {
  readonly principal: Principal
  /** `Work.bound`: for a tool its name. */
  readonly bound: string
  readonly args: unknown
}

export interface RunState {
  /** Names the run across its rounds, for `once` and logs. */
  readonly runId: string
  /** Rounds of questions sent so far. */
  readonly round: number
  /** Key of a question of the last round → digest of its exact words. */
  readonly asked: Readonly<Record<string, string>>
  /** Digest of a question → its answer. */
  readonly answers: Readonly<Record<string, Answer>>
}

interface SealedState extends RunState {
  readonly tenant: string
  readonly subject: string
  readonly tool: string
  readonly argsDigest: string
  readonly expiresAtSeconds: number
}

const PURPOSE = 'requestState'

/** Why a state was refused: for the log, never for the caller (no oracle). */
export type StateFailure = {
  reason:
    'oversized' | 'unsealable' | 'expired' | 'other_principal' | 'other_tool' | 'other_arguments'
}

/** @param runId of a run that the platform repeats */
export const newRun = (runId: string = randomId()): RunState => ({
  runId,
  round: 0,
  asked: {},
  answers: {},
})

/** SHA-256 (base64url) of the RFC 8785 form. */
export async function digestOf(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(value))
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** @returns the sealed text, or `undefined` when it would be larger than we take back */
export async function sealState(
  keys: SealKeys,
  binding: RunBinding,
  state: RunState,
  nowSeconds: number,
  lifetimeSeconds = REQUEST_STATE_LIFETIME_SECONDS,
): Promise<string | undefined> {
  const sealed: SealedState = {
    ...state,
    tenant: binding.principal.tenant,
    subject: binding.principal.subject,
    tool: binding.bound,
    argsDigest: await digestOf(binding.args),
    expiresAtSeconds: nowSeconds + lifetimeSeconds,
  }
  const text = await seal(keys, PURPOSE, sealed)
  return text.length > REQUEST_STATE_MAX_CHARS ? undefined : text
}

/** Opens a state presented by `binding.principal` with this call of this tool. */
export async function openState(
  keys: SealKeys,
  binding: RunBinding,
  text: string,
  nowSeconds: number,
): Promise<Result<RunState, StateFailure>> {
  if (text.length > REQUEST_STATE_MAX_CHARS) return fail({ reason: 'oversized' })
  const opened = await open<SealedState>(keys, PURPOSE, text)
  if (!opened.ok) return fail({ reason: 'unsealable' })
  const state = opened.value
  const { tenant, subject } = binding.principal
  if (state.expiresAtSeconds <= nowSeconds) return fail({ reason: 'expired' })
  if (state.tenant !== tenant || state.subject !== subject)
    return fail({ reason: 'other_principal' })
  if (state.tool !== binding.bound) return fail({ reason: 'other_tool' })
  if (state.argsDigest !== (await digestOf(binding.args)))
    return fail({ reason: 'other_arguments' })
  return ok(state)
}
