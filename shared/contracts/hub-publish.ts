/** How parts of the platform tell a server's listeners something. Nobody listens: nothing is stored. */
import { withTimeout } from '../lib/lifetime.ts'
import type { HubEvent, Hubs } from './entrypoints.ts'
import { HUB_EVENT_MAX_CHARS, HUB_EVENTS_AT_ONCE_MAX, SHARD_CALL_TIMEOUT_MS } from './hub-limits.ts'
import { audienceKey, topicKey, topicKeys, type Audience, type HubFrame } from './hub-topics.ts'

export interface Notice {
  readonly frame: HubFrame
  readonly audience: Audience
}

/** The first shard knows the others. */
const ROOT_SHARD = 0

/**
 * @param server its name in SERVERS
 * @returns whether the server has listeners at all; what they want is theirs to say
 * @throws RangeError for more than HUB_EVENTS_AT_ONCE_MAX notices, or one too long;
 *   whatever the hub throws, and DOMException `TimeoutError` when it does not answer
 */
export async function publish(
  hubs: Hubs,
  server: string,
  notices: readonly Notice[],
): Promise<boolean> {
  if (notices.length > HUB_EVENTS_AT_ONCE_MAX) throw new RangeError('Too many notices at once')
  const events = await Promise.all(notices.map(eventOf))
  return withTimeout(hubs(server, ROOT_SHARD).publish(events), SHARD_CALL_TIMEOUT_MS)
}

async function eventOf({ frame, audience }: Notice): Promise<HubEvent> {
  const text = JSON.stringify(frame)
  if (text.length > HUB_EVENT_MAX_CHARS) throw new RangeError('A notice is too long')
  return {
    topic: await topicKey(frame.kind, nameOf(frame)),
    audience: await audienceKey(audience),
    frame: text,
  }
}

function nameOf(frame: HubFrame): string | undefined {
  if (frame.kind === 'resource') return frame.uri
  return frame.kind === 'task' ? frame.taskId : undefined
}

/**
 * Tells the stream of a 2025-era session which resources it follows now: its hub
 * does, before it sends anything else, and whoever holds the stream learns it.
 */
export async function publishFollowed(
  hubs: Hubs,
  server: string,
  sessionId: string,
  audience: Audience,
  { revision, uris }: { revision: number; uris: readonly string[] },
): Promise<boolean> {
  const frame: HubFrame = { kind: 'session', revision, uris }
  const event: HubEvent = {
    topic: await topicKey('session', sessionId),
    audience: await audienceKey(audience),
    frame: JSON.stringify(frame),
    follow: { revision, topics: await topicKeys('resource', uris) },
  }
  return withTimeout(hubs(server, ROOT_SHARD).publish([event]), SHARD_CALL_TIMEOUT_MS)
}
