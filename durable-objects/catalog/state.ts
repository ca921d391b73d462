/**
 * What the operator's word makes of one server: labels, tuning, switches, policy.
 * Pure: each step takes a state and gives the next, or says why not.
 *
 * Rolling back changes what is shown, never who may see it: policy and switches
 * are beside the labels, not in them.
 */
import type { Policy } from '#shared/catalog/entry.ts'
import type { SwitchKey, Tuning } from '#shared/catalog/tuning.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { HELD_REVISIONS_MAX } from '../limits.ts'

/** One revision as callers are shown it: a server's definitions and the changes made to them. */
export interface Release {
  digest: string
  tuning: Tuning
  /** Its code runs as `<server>--canary`. */
  script?: 'canary'
  /** Its code is this version of the deployed Worker (service bindings). */
  codeVersion?: string
}

/** When a canary is taken back by itself. */
export interface Thresholds {
  /** Of the canary's calls. */
  maxErrorPercent: number
  /** Calls before the first judgement: one failure among two says nothing. */
  minCalls: number
  /** Of the slowest twentieth. */
  maxP95Ms?: number | undefined
}

export interface Canary extends Release {
  percent: number
  /** Client ids that see it whatever the percentage. */
  clients: string[]
  seed: string
  sinceMs: number
  by: string
  rollback?: Thresholds | undefined
}

export interface ServerState {
  policy: Policy
  /** `false`: as if the server were not there. */
  enabled: boolean
  /** Items nobody is shown, whatever the revision. */
  off: SwitchKey[]
  live: Release
  /** What was live before: one command brings it back. */
  previous?: Release
  canary?: Canary
  /** Digest of what is deployed and waits for an operator. */
  waiting?: string
  /** What the code beside it (`<server>--canary`) last said it is. */
  beside?: string
  /** Digests taken back: a server that still runs them does not make them live again. */
  held: string[]
}

/** Why the operator's word was not taken; `detail` is for them to read. */
export interface AdminFailure {
  reason:
    | 'unknown_server'
    | 'unknown_revision'
    | 'unknown_change'
    | 'invalid'
    | 'conflict'
    | 'full'
    /** The Catalog is empty, and was not (standing.ts). */
    | 'lost'
  detail: string
}
type Step = Result<ServerState, AdminFailure>

const conflict = (detail: string) => fail<AdminFailure>({ reason: 'conflict', detail })

export function firstState(policy: Policy, digest: string, needsOperator: boolean): ServerState {
  return { policy, enabled: !needsOperator, off: [], live: { digest, tuning: {} }, held: [] }
}

/**
 * A server's code describes itself. The same state comes back when that changes nothing.
 *
 * @param needsOperator a check refused it: it waits for a person whatever the policy says
 */
export function deployed(
  state: ServerState,
  digest: string,
  script: 'canary' | undefined,
  needsOperator: boolean,
): ServerState {
  const mayGoLive = state.policy.publish === 'auto' && !needsOperator
  const { live } = state
  if (script === 'canary') return canaryDeployed(state, digest, mayGoLive)
  if (digest === live.digest) {
    // What was promoted as code beside the server has come to the server itself.
    const { script: _script, codeVersion: _version, ...release } = live
    return !hasOwnCode(live) && state.waiting === undefined
      ? state
      : without({ ...state, live: release }, 'waiting')
  }
  if (state.held.includes(digest)) return state
  if (!mayGoLive) return state.waiting === digest ? state : { ...state, waiting: digest }
  return without(wordsFollowCode(shown(state, { digest, tuning: live.tuning })), 'waiting')
}

/** A canary of words runs on the server's own code, whichever that is. */
export function wordsFollowCode(state: ServerState): ServerState {
  const { canary, live } = state
  if (!canary || hasOwnCode(canary) || canary.digest === live.digest) return state
  return { ...state, canary: { ...canary, digest: live.digest } }
}

const hasOwnCode = ({ script, codeVersion }: Release): boolean =>
  script !== undefined || codeVersion !== undefined

function canaryDeployed(known: ServerState, digest: string, mayGoLive: boolean): ServerState {
  const state = known.beside === digest ? known : { ...known, beside: digest }
  const { canary, live } = state
  if (!mayGoLive || state.held.includes(digest)) return state
  if (canary?.script === 'canary' && canary.digest !== digest) {
    return { ...state, canary: { ...canary, digest } }
  }
  if (live.script === 'canary' && live.digest !== digest) return shown(state, { ...live, digest })
  return state
}

export function approve(state: ServerState, digest: string): Step {
  if (digest === state.live.digest) return conflict('This revision is live already')
  const next = wordsFollowCode(shown(state, { digest, tuning: state.live.tuning }))
  return ok(without(released(next, digest), 'waiting'))
}

/** The deployed revision is not wanted: it stays out until another is deployed or it is approved. */
export function reject(state: ServerState, digest: string): Step {
  if (digest === state.live.digest) return conflict('This revision is live: roll back instead')
  const next = hold(state, digest)
  return ok(next.waiting === digest ? without(next, 'waiting') : next)
}

export function startCanary(state: ServerState, canary: Canary): Step {
  const { live } = state
  const ownCode = hasOwnCode(canary)
  if (hasOwnCode(live) && !ownCode) {
    return conflict(
      'What is live still runs beside the server: deploy it as the server itself first',
    )
  }
  if (canary.digest !== live.digest && !ownCode) {
    return conflict(
      'The deployed code answers to one revision only: deploy the canary as <name>--canary, or name a code version',
    )
  }
  const sameWords = JSON.stringify(canary.tuning) === JSON.stringify(live.tuning)
  if (canary.digest === live.digest && sameWords && !ownCode) {
    return conflict('A canary that shows what is live already')
  }
  return ok({ ...state, canary })
}

export function promote(state: ServerState): Step {
  const { canary } = state
  if (!canary) return conflict('There is no canary')
  const next = without(shown(state, releaseOf(canary)), 'canary')
  // What is deployed as the server itself is old now: only other code may take over.
  return ok(hasOwnCode(canary) ? released(hold(next, state.live.digest), canary.digest) : next)
}

/** Takes the canary back; without one, shows what was live before. */
export function rollBack(state: ServerState): Step {
  const { canary, live, previous } = state
  if (canary) return ok(without(holdUnlessShown(state, canary.digest), 'canary'))
  if (!previous) return conflict('There is nothing to roll back to')
  const next = holdUnlessShown(shown(state, previous), live.digest)
  return ok(released(next, previous.digest))
}

/** @param label which revision; absent = all that are shown */
export function retune(
  state: ServerState,
  label: 'live' | 'canary' | undefined,
  patch: (tuning: Tuning) => Result<Tuning, string>,
): Step {
  let next = state
  if (label === 'canary' && !state.canary) return conflict('There is no canary')
  if (label !== 'canary') {
    const tuned = patch(state.live.tuning)
    if (!tuned.ok) return fail({ reason: 'invalid', detail: tuned.failure })
    next = shown(next, { ...state.live, tuning: tuned.value })
  }
  if (label !== 'live' && state.canary) {
    const tuned = patch(state.canary.tuning)
    if (!tuned.ok) return fail({ reason: 'invalid', detail: tuned.failure })
    next = { ...next, canary: { ...state.canary, tuning: tuned.value } }
  }
  return ok(next)
}

export function turn(state: ServerState, key: SwitchKey | undefined, on: boolean): ServerState {
  if (key === undefined) return { ...state, enabled: on }
  const others = state.off.filter((one) => one !== key)
  return { ...state, off: on ? others : [...others, key].sort() }
}

/** What was shown becomes `previous`; what is shown waits no longer. */
function shown(state: ServerState, live: Release): ServerState {
  const next = { ...state, live, previous: state.live }
  return next.waiting === live.digest ? without(next, 'waiting') : next
}

function releaseOf({ digest, tuning, script, codeVersion }: Release): Release {
  return {
    digest,
    tuning,
    ...(script === undefined ? {} : { script }),
    ...(codeVersion === undefined ? {} : { codeVersion }),
  }
}

const hold = (state: ServerState, digest: string): ServerState => ({
  ...state,
  held: [...state.held.filter((one) => one !== digest), digest].slice(-HELD_REVISIONS_MAX),
})

const released = (state: ServerState, digest: string): ServerState => ({
  ...state,
  held: state.held.filter((one) => one !== digest),
})

/** Words taken back do not hold back the code they were about. */
const holdUnlessShown = (state: ServerState, digest: string): ServerState =>
  state.live.digest === digest ? state : hold(state, digest)

function without(state: ServerState, key: 'waiting' | 'canary'): ServerState {
  const { [key]: _gone, ...rest } = state
  return rest
}
