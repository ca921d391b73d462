/**
 * The answers of a user count once (DESIGN §4.6): before a tool that is neither
 * read-only nor idempotent goes on with them, it claims the run. Whoever sends the
 * same `requestState` again is refused before anything runs.
 */
import { logEvent, logUnexpected } from '../../lib/log.ts'
import { internalError, invalidParams, type WireError } from '../../protocol/errors.ts'
import type { RunScope } from './run-model.ts'
import type { RunState } from './request-state.ts'

/** @returns why the run may not go on, or `undefined` */
export async function claimAnswers(
  input: RunScope['input'],
  state: RunState,
): Promise<WireError | undefined> {
  const { compiled, work, caller } = input
  // What the platform repeats it counts itself.
  if (!work.once || caller.decision.run) return undefined
  const fields = { server: compiled.built.name, name: work.name }
  try {
    if (await compiled.platform.claim(input, state)) return undefined
  } catch (error) {
    return internalError(logUnexpected('claim_failed', error, fields))
  }
  logEvent('answers_used_again', fields)
  return invalidParams(
    'These answers were used already: the call has run, or is running. Start it anew to run it again.',
    { reason: 'request_state_used' },
  )
}
