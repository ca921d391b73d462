/**
 * The feed's copy in the colo cache, shared by all isolates of one place. A
 * copy that is missing, broken or unreadable is a miss: the object answers.
 *
 * Does NOT judge the copy's age: its stamp is inside.
 */
import * as z from 'zod/mini'
import type { FeedState } from '../rpc.ts'
import { FEED_COLO_TTL_SECONDS } from './limits.ts'

const feedStateSchema = z.object({
  stampMs: z.number(),
  catalogVersion: z.number(),
  revokedGrants: z.array(z.string()),
  deletedSessions: z.array(z.string()),
})

/** A name no client can ask for; `v1` is the form of the text. */
const keyOf = (deployment: string): string =>
  `https://feed.mcp-edge.internal/v1/${encodeURIComponent(deployment)}`

export async function readColoCopy(deployment: string): Promise<FeedState | undefined> {
  try {
    const copy = await caches.default.match(keyOf(deployment))
    const parsed = copy && feedStateSchema.safeParse(await copy.json())
    return parsed?.success ? parsed.data : undefined
  } catch {
    // No Cache API here (bare workerd), or it is unwell.
    return undefined
  }
}

export async function writeColoCopy(deployment: string, state: FeedState): Promise<void> {
  const copy = Response.json(state, {
    headers: { 'cache-control': `max-age=${FEED_COLO_TTL_SECONDS}` },
  })
  try {
    await caches.default.put(keyOf(deployment), copy)
  } catch {
    // As above; the next reader asks the object.
  }
}
