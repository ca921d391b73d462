/** The context of a quick look (a completion, a list): it runs no rounds and sends no events. */
import type { LookContext } from '../author/complete.ts'
import { LOOK_TIMEOUT_MS } from '../limits.ts'
import type { Call } from '../respond.ts'

export const lookContext = ({ env, caller, request }: Call): LookContext => ({
  env,
  principal: caller.principal,
  signal: AbortSignal.any([request.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]),
})
