/**
 * Cancelling a call of a 2025 client (basic/utilities/cancellation): it comes in a
 * POST of its own, at any isolate. The isolate that runs the call stops it at once;
 * from any other one the Session is told, which ends what it holds, and which a
 * live stream asks at every keep-alive (15 s). A call that answers within a second
 * of its start, at another isolate, is not reached: it is over by then.
 */
import type { RequestId } from '../../../protocol/request-id.ts'
import type { LegacyInput } from '../input.ts'
import { objectNameOf, sessionStub } from './questions.ts'
import type { LegacySession } from '../session-id.ts'

/** Does no I/O of its own: it is called from another request's context. */
export interface Cancellable {
  cancel(): void
  /** The Session holds something of it. */
  readonly isStored: boolean
}

/** Of this isolate, while they run. */
const running = new Map<string, Cancellable>()

const keyOf = (input: LegacyInput, session: LegacySession, requestId: RequestId): string =>
  JSON.stringify([objectNameOf(input, session), requestId])

/** @returns how to take it off again */
export function enlist(
  input: LegacyInput,
  session: LegacySession,
  requestId: RequestId,
  call: Cancellable,
): () => void {
  const key = keyOf(input, session, requestId)
  running.set(key, call)
  return () => {
    // A client that uses an id twice has cancelled the later one.
    if (running.get(key) === call) running.delete(key)
  }
}

/** `notifications/cancelled` of a request nobody knows is ignored, as the revision asks. */
export async function cancelCall(
  input: LegacyInput,
  session: LegacySession,
  requestId: RequestId,
): Promise<void> {
  const here = running.get(keyOf(input, session, requestId))
  here?.cancel()
  if (!here || here.isStored) await sessionStub(input, session).cancel(requestId)
}
