/**
 * The resources one 2025-era session follows (2025-11-25 server/resources
 * "Subscriptions"). Exists only for a session that subscribed to something;
 * deletes itself by alarm when the session ends.
 *
 * Does NOT check who calls: the object's name says whose session it is, and only
 * the router can name it.
 */
import { DurableObject } from 'cloudflare:workers'
import { TOPICS_PER_LISTENER_MAX } from '#shared/contracts/hub-limits.ts'
import type { FollowedResources, Subscriptions } from '#shared/contracts/entrypoints.ts'

const FOLLOWED = 'followed'
const SCHEMA = 1
/** Until the clock is certainly past the last revision; a client that changes its mind does so soon. */
const EMPTY_KEPT_MS = 10_000

interface Stored extends FollowedResources {
  readonly schema: typeof SCHEMA
}

export class SubscriptionsObject extends DurableObject<Cloudflare.Env> implements Subscriptions {
  read(): FollowedResources {
    const { revision, uris } = this.ctx.storage.kv.get<Stored>(FOLLOWED) ?? NOTHING
    return { revision, uris }
  }

  follow(uri: string, untilSeconds: number): FollowedResources | null {
    const { uris } = this.read()
    if (uris.includes(uri)) return this.read()
    if (uris.length >= TOPICS_PER_LISTENER_MAX) return null
    void this.ctx.storage.setAlarm(untilSeconds * 1000)
    return this.#keep([...uris, uri])
  }

  unfollow(uri: string): FollowedResources {
    const { uris } = this.read()
    if (!uris.includes(uri)) return this.read()
    const left = this.#keep(uris.filter((followed) => followed !== uri))
    if (left.uris.length === 0) void this.ctx.storage.setAlarm(Date.now() + EMPTY_KEPT_MS)
    return left
  }

  async forget(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }

  /** The session ended, or follows nothing: following anew sets another time. */
  override alarm(): Promise<void> {
    return this.forget()
  }

  #keep(uris: string[]): FollowedResources {
    // The clock, so that a session that forgot everything goes on after where it was.
    const revision = Math.max(this.read().revision + 1, Date.now())
    this.ctx.storage.kv.put(FOLLOWED, { schema: SCHEMA, revision, uris } satisfies Stored)
    return { revision, uris }
  }
}

const NOTHING: FollowedResources = { revision: 0, uris: [] }
