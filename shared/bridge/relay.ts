/**
 * From the Session object to the client's stream. The Worker that holds the
 * stream holds a hibernatable WebSocket to the object (DESIGN §4.4); after a cut
 * it attaches again where it left off, so no event is lost and none comes twice.
 */
import { logEvent } from '../log.ts'
import { SSE_KEEP_ALIVE, sseMessage } from '../protocol/2026-07-28/sse.ts'
import { SESSION_ATTACH_PATH, SESSION_REPLACED_CODE, type SessionFrame } from '../rpc.ts'
import { SocketInbox } from '../socket-inbox.ts'
import { ATTACH_ATTEMPTS, ATTACH_RETRY_MS, KEEP_ALIVE_MS } from './limits.ts'

export interface RelaySource {
  readonly runId: string
  /** A new stub for each attempt: one that broke stays broken. */
  stub(): Pick<Fetcher, 'fetch'>
  /** Aborted when the client's stream is gone: nobody is left to relay to. */
  readonly gone: AbortSignal
  /** Whether an event is shown on this stream. */
  accepts(event: string): boolean
}

/** How a relay ended: with the answer, because nobody listens any longer, or cut for good. */
export type RelayEnd = 'answered' | 'left' | 'lost'

/** Events as SSE text, with a comment every 15 s. Returns after the answer. */
export async function* relayRun(source: RelaySource): AsyncGenerator<string, RelayEnd, undefined> {
  const { gone } = source
  let after = 0
  for (let failures = 0; failures < ATTACH_ATTEMPTS;) {
    if (gone.aborted) return 'left'
    const socket = await attach(source, after)
    if (!socket) {
      failures += 1
      await sleep(ATTACH_RETRY_MS * 2 ** (failures - 1) * (0.5 + Math.random()))
      continue
    }
    const read = (text: string) => JSON.parse(text) as SessionFrame
    const inbox = new SocketInbox(socket, { gone, read })
    for (;;) {
      const item = await inbox.next(KEEP_ALIVE_MS)
      if (item === 'quiet') {
        yield SSE_KEEP_ALIVE
        continue
      }
      if (item === 'closed') break
      failures = 0
      after = item.seq
      if (source.accepts(item.event)) yield sseMessage(item.event)
      if (!item.done) continue
      inbox.close()
      return 'answered'
    }
    if (inbox.closeCode === SESSION_REPLACED_CODE) return 'left'
    failures += 1
  }
  return 'lost'
}

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
