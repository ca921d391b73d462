/**
 * The way to a place among a server's listeners: the root of its hub takes the
 * listener, or says which shard does (durable-objects/hub/hub.ts).
 */
import { logEvent } from '../../lib/log.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { SHARDS_MAX } from '../../contracts/hub-limits.ts'
import {
  HUB_ELSEWHERE_HEADER,
  HUB_LISTENER_HEADER,
  type Hubs,
  type HubElsewhere,
  type HubListener,
} from '../../contracts/entrypoints.ts'

/** `too_many`: this principal's; `full`: the server's. */
export type AttachFailure = { readonly reason: 'too_many' | 'full' | 'unreachable' }

/** Each full shard doubles their number: there and back again, until there are no more. */
const HOPS_MAX = 2 * Math.log2(SHARDS_MAX) + 2
const ROOT = 0

export async function attach(
  hubs: Hubs,
  listener: Omit<HubListener, 'shard' | 'sent'>,
): Promise<Result<WebSocket, AttachFailure>> {
  let shard = ROOT
  let sent: HubElsewhere | undefined
  try {
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const asked = { ...listener, shard, ...(sent ? { sent } : {}) } satisfies HubListener
      const answer = await hubs(listener.server, shard).fetch('https://hub/', {
        headers: { Upgrade: 'websocket', [HUB_LISTENER_HEADER]: JSON.stringify(asked) },
      })
      if (answer.webSocket) return ok(answer.webSocket)
      if (answer.status === 429) return fail({ reason: 'too_many' })
      const elsewhere = answer.headers.get(HUB_ELSEWHERE_HEADER)
      if (elsewhere === null) return fail({ reason: 'full' })
      sent = JSON.parse(elsewhere) as HubElsewhere
      // A shard that is full sends back to the root, which makes room.
      shard = shard === ROOT ? sent.shard : ROOT
    }
    return fail({ reason: 'full' })
  } catch (error) {
    logEvent('hub_attach_failed', { error: error instanceof Error ? error.name : 'unknown' })
    return fail({ reason: 'unreachable' })
  }
}
