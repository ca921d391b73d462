/** A stored run's events as the SSE text of one client's stream. */
import { SSE_KEEP_ALIVE } from '../../../protocol/revisions/2026-07-28/sse.ts'
import type { SessionFrame } from '../../../contracts/entrypoints.ts'
import { relayRun, type RelayEnd, type RelaySource } from './relay.ts'
import type { StreamLog } from './stream-log.ts'

/** @param shows whether an event is for this stream */
export async function* relayText(
  log: StreamLog,
  source: RelaySource,
  shows: (frame: SessionFrame) => boolean,
): AsyncGenerator<string, RelayEnd, undefined> {
  const frames = relayRun(source)
  for (;;) {
    const { done, value } = await frames.next()
    if (done) return value
    if (value === 'quiet') yield SSE_KEEP_ALIVE
    else if (shows(value)) yield log.show(value)
  }
}
