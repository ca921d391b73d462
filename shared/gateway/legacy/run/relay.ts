/**
 * From the Session object to the client's stream. The Worker that holds the
 * stream holds a hibernatable WebSocket to the object (DESIGN §4.4); after a cut
 * it attaches again where it left off, so no event is lost and none comes twice.
 */
import { logEvent } from '../../../lib/log.ts'
import {
  SESSION_ATTACH_PATH,
  SESSION_REPLACED_CODE,
  type SessionFrame,
} from '../../../contracts/entrypoints.ts'
import { SocketInbox } from '../../../lib/socket-inbox.ts'
import { ATTACH_RETRY_MAX_MS, ATTACH_RETRY_MS, KEEP_ALIVE_MS } from '../limits.ts'

export interface RelaySource {
  readonly runId: string
  /** A new stub for each attempt: one that broke stays broken. */
  stub(): Pick<Fetcher, 'fetch'>
  /** Aborted when the client's stream is gone: nobody is left to relay to. */
  readonly gone: AbortSignal
  /** The last event that is not wanted. */
  readonly after: number
  /** How often in a row an attachment may fail. */
  readonly attempts: number
}

/** How a relay ended: with the run, because nobody listens any longer, or cut for good. */
export type RelayEnd = 'ended' | 'left' | 'lost'

/** The run's events in order, `quiet` every 15 s without one. Returns after the last. */
export async function* relayRun(
  source: RelaySource,
): AsyncGenerator<SessionFrame | 'quiet', RelayEnd, undefined> {
  const { gone, attempts } = source
  let { after } = source
  for (let failures = 0; failures < attempts;) {
    if (gone.aborted) return 'left'
    const socket = await attach(source, after)
    if (!socket) {
      failures += 1
      await sleep(retryMs(failures))
      continue
    }
    const read = (text: string) => JSON.parse(text) as SessionFrame
    const inbox = new SocketInbox(socket, { gone, read })
    for (;;) {
      const item = await inbox.next(KEEP_ALIVE_MS)
      if (item === 'closed') break
      yield item
      if (item === 'quiet') continue
      failures = 0
      after = item.seq
      if (!item.done) continue
      inbox.close()
      return 'ended'
    }
    if (inbox.closeCode === SESSION_REPLACED_CODE) return 'left'
    failures += 1
  }
  return 'lost'
}

const retryMs = (failures: number): number =>
  Math.min(ATTACH_RETRY_MS * 2 ** (failures - 1), ATTACH_RETRY_MAX_MS) * (0.5 + Math.random())

async function attach({ runId, stub }: RelaySource, after: number): Promise<WebSocket | undefined> {
  try {
    const url = `https://session${SESSION_ATTACH_PATH}${runId}?after=${after}`
    const response = await stub().fetch(url, { headers: { Upgrade: 'websocket' } })
    return response.webSocket ?? undefined
  } catch (error) {
    logEvent('session_attach_failed', { error: error instanceof Error ? error.name : 'unknown' })
    return undefined
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
