/** Hubs and subscriptions, as other Workers and objects ask them (shared/contracts/entrypoints.ts). */

// ── durable-objects: Hub (who listens to one server) ──────────────────────────

/** One thing that happened, for whoever follows its topic. Keys: shared/contracts/hub-topics.ts. */
export interface HubEvent {
  topic: string
  /** `''`: everyone who follows the topic. */
  audience: string
  /** JSON text of a `HubFrame`. */
  frame: string
  /** What the listeners of this topic (a session's one stream) follow from now on. */
  follow?: { revision: number; topics: string }
}
/** An event with its place in the order of one hub. */
export interface HubRow extends HubEvent {
  seq: number
}
/** A place in one hub's order: `epoch` is another one after the hub was gone. */
export interface HubPosition {
  epoch: string
  seq: number
}

/**
 * One object per server and shard, name = `hubObjectName()`; deletes itself by
 * alarm. Shard 0 is the root: events go to it, and it hands them on.
 */
export interface Hub {
  /** @returns `false`: nobody listens, and nothing was stored */
  publish(events: HubEvent[]): boolean | Promise<boolean>
  /** Root to shard. @returns `false`: nobody ever attached to this shard, or it is gone */
  deliver(position: HubPosition, rows: HubRow[]): boolean | Promise<boolean>
  /** Shard to root: it has no listeners. @returns `false`: somebody is on the way to it */
  leave(shard: number): boolean | Promise<boolean>
}

/**
 * `fetch` with `Upgrade: websocket` and this header (a `HubListener` as JSON)
 * attaches a listener. 101: attached. 409: `HUB_ELSEWHERE_HEADER` is a
 * `HubElsewhere` as JSON. 429: the principal has as many as it may; 503: the server has.
 */
export const HUB_LISTENER_HEADER = 'x-mcp-edge-listener'
export const HUB_ELSEWHERE_HEADER = 'x-mcp-edge-elsewhere'
/** A newer stream of the same session was attached. */
export const HUB_REPLACED_CODE = 4001

export interface HubListener {
  server: string
  shard: number
  /** Any number, the same for all listeners of one principal: decides on the shard. */
  place: number
  /** Audiences it belongs to beside everyone: tenant and principal. */
  audiences: string[]
  /** How many this principal may have in one shard. */
  most: number
  /** Concatenated keys. */
  topics: string
  /** Topic of a session, which has one stream at most. */
  session?: string
  /** The last thing it had, as in `HubHello`; absent: from now on. */
  after?: string
  /** Of the root's answer that sent it here. */
  sent?: HubElsewhere
}

/** Another shard, of so many; the root is asked again when it is full. */
export interface HubElsewhere extends HubPosition {
  shard: number
  shards: number
}

/** First message on the socket: what came before is told, by `HubMessage`s or by `missed`. */
export interface HubHello {
  at: string
  /** Events after `after` may be lost: what they would have told is unknown. */
  missed: boolean
}
export interface HubMessage {
  at: string
  frame: string
}
/** From the router: what a session follows beside `topics`. An older revision changes nothing. */
export interface HubFollow {
  revision: number
  topics: string
  after?: string
}

export const hubObjectName = (server: string, shard: number): string =>
  JSON.stringify(['hub', server, shard])

// ── durable-objects: Subscriptions (2025 era, of a session that subscribed) ────

export interface FollowedResources {
  /** Grows with every change. */
  revision: number
  uris: string[]
}

/** One object per session that subscribed, name = `sessionObjectName()`; deletes itself by alarm. */
export interface Subscriptions {
  read(): FollowedResources
  /** @returns `null`: the session follows as many as it may */
  follow(uri: string, untilSeconds: number): FollowedResources | null
  unfollow(uri: string): FollowedResources
  /** The session was deleted. */
  forget(): void | Promise<void>
}
