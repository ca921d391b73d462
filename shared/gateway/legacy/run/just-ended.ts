/**
 * Streams that ended a moment ago, in this isolate's memory: a connection may break
 * while the last events are on their way, and nobody is told. The client that comes
 * back at once mostly comes back here, and nothing had to be stored for the others.
 */
import type { SessionFrame } from '../../../contracts/entrypoints.ts'
import type { LegacyInput } from '../input.ts'
import { JUST_ENDED_KEEP_MS, JUST_ENDED_MAX_CHARS, STREAM_KEPT_MAX_CHARS } from '../limits.ts'
import { objectNameOf } from './questions.ts'
import type { LegacySession } from '../session-id.ts'
import type { StreamLog } from './stream-log.ts'

interface Ended {
  readonly frames: readonly SessionFrame[]
  readonly chars: number
  readonly untilMs: number
}

/** Oldest first: all are kept equally long. */
const ended = new Map<string, Ended>()
let allChars = 0

const keyOf = (input: LegacyInput, session: LegacySession, runId: string): string =>
  JSON.stringify([objectNameOf(input, session), runId])

export function rememberEnded(input: LegacyInput, session: LegacySession, log: StreamLog): void {
  const chars = log.frames.reduce((sum, { event }) => sum + event.length, 0)
  if (chars > STREAM_KEPT_MAX_CHARS) return
  const nowMs = Date.now()
  const untilMs = nowMs + JUST_ENDED_KEEP_MS
  ended.set(keyOf(input, session, log.runId), { frames: [...log.frames], chars, untilMs })
  allChars += chars
  for (const [key, oldest] of ended) {
    if (oldest.untilMs > nowMs && allChars <= JUST_ENDED_MAX_CHARS) return
    ended.delete(key)
    allChars -= oldest.chars
  }
}

/** What was said on a stream of this session that ended here; `undefined`: not known. */
export function recallEnded(
  input: LegacyInput,
  session: LegacySession,
  runId: string,
): readonly SessionFrame[] | undefined {
  return ended.get(keyOf(input, session, runId))?.frames
}
