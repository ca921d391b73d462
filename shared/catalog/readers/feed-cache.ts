/**
 * The feed's copy in the colo cache, shared by all isolates of one place. A
 * copy that is missing, broken or unreadable is a miss: the object answers.
 *
 * Does NOT judge the copy's age: its stamp is inside.
 */
import { isObject } from '../../protocol/jsonrpc.ts'
import type { FeedState } from '../../contracts/entrypoints.ts'
import { FEED_COLO_TTL_SECONDS } from '../limits.ts'

const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

/** As this release writes it; the copy of another may be of another form. A seal judges itself. */
const isFeedState = (value: unknown): value is FeedState =>
  isObject(value) &&
  typeof value['stampMs'] === 'number' &&
  typeof value['catalogVersion'] === 'number' &&
  areTexts(value['revokedGrants']) &&
  areTexts(value['deletedSessions']) &&
  typeof value['lostBeforeSeconds'] === 'number'

/** A name no client can ask for; `v2` is the form of the text. */
const keyOf = (deployment: string): string =>
  `https://feed.mcp-edge.internal/v2/${encodeURIComponent(deployment)}`

export async function readColoCopy(deployment: string): Promise<FeedState | undefined> {
  try {
    const copy = await caches.default.match(keyOf(deployment))
    const value: unknown = await copy?.json()
    return isFeedState(value) ? value : undefined
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
