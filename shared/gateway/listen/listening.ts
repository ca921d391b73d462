/**
 * One open stream of a listener, era aside: from what the hub says to what this
 * caller is told. That it still may listen is asked anew each time, with the feed
 * and policy of that moment, and a stream that may not go on ends.
 *
 * What the catalog shows is compared, not counted: a change that was reverted, or
 * concerns others, is no news, and one that was missed is found at the next look.
 */
import { type FeedView, isRevoked } from '../../catalog/readers/feed-local.ts'
import { maySee } from '../../catalog/policy.ts'
import type { HubFrame, ListKind } from '../../contracts/hub-topics.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import type { ServerRecord } from '../ports.ts'
import type { McpRequest } from '../mcp-request.ts'
import type { HubFeed } from './hub-feed.ts'
import {
  LIST_FEED_MAX_AGE_MS,
  LIST_SETTLE_LOOKS,
  LIST_SETTLES_MS,
  LISTEN_REBUILD_CHECK_MS,
} from '../limits.ts'
import { changedLists, mayFollow, type Filter } from './listen-filter.ts'

export type Told =
  | { readonly kind: 'notification'; readonly method: string; readonly params?: JsonObject }
  /** Nothing, and still here. */
  | { readonly kind: 'alive' }

export interface ListeningOptions {
  /** As it was when the stream was opened. */
  readonly mcp: McpRequest
  readonly feed: HubFeed
  readonly filter: Filter
  /**
   * What its client may have listed last: the server as this isolate knew it before
   * it looked anew. Telling of a change twice does no harm, telling never does.
   */
  readonly shown: ServerRecord
  /** Beside token and policy: a session may end too. */
  readonly isOver?: (view: FeedView) => boolean
}

export class Listening {
  readonly #options: ListeningOptions
  /** What its caller was last told of. */
  shown: ServerRecord
  readonly #filter: Filter

  constructor(options: ListeningOptions) {
    this.#options = options
    this.shown = options.shown
    this.#filter = options.filter
  }

  /** Ends when the caller may not listen any longer, or the hub is gone for good. */
  async *told(): AsyncGenerator<Told, void, undefined> {
    for await (const item of this.#options.feed.items()) {
      const now = await this.#look(item.kind === 'frame' && item.frame.kind === 'catalog')
      if (!now) return
      if (item.kind === 'frame') yield* this.#fromFrame(item.frame, now)
      else yield* this.#fromPause(item.kind === 'back' && item.missed, now)
    }
  }

  /** What a client that was away must be told. @param missed not even the hub knows what came meanwhile */
  async *missed(
    kinds: readonly ListKind[],
    missed: boolean,
  ): AsyncGenerator<Told, void, undefined> {
    if (kinds.length > 0) await this.#settle()
    yield* this.#unknown(kinds, missed)
  }

  *#fromFrame(frame: HubFrame, now: ServerRecord): Generator<Told, void, undefined> {
    switch (frame.kind) {
      case 'catalog':
        yield* this.#listsOf(this.#changes(now))
        return
      case 'session':
        this.#filter.resources = new Set(frame.uris)
        return
      case 'resource':
        yield* this.#updated(frame.uri, now)
        return
      case 'task':
        if (this.#filter.tasks.has(frame.taskId)) yield tell('tasks', frame.task)
        return
      case 'tools':
      case 'prompts':
      case 'resources':
        yield* this.#listsOf([frame.kind])
    }
  }

  /** Nothing came, or what came is not known. */
  async *#fromPause(missed: boolean, now: ServerRecord): AsyncGenerator<Told, void, undefined> {
    const { mcp } = this.#options
    const rebuilt = mcp.gateway.catalog.checkRebuild(now, mcp.lifetime, LISTEN_REBUILD_CHECK_MS)
    mcp.lifetime.waitUntil(rebuilt.catch(() => undefined))
    const changed = this.#changes(now)
    if (changed.length > 0) await this.#settle()
    yield* this.#unknown(changed, missed)
    yield { kind: 'alive' }
  }

  *#unknown(changed: readonly ListKind[], missed: boolean): Generator<Told, void, undefined> {
    // Such a list is the server's own: only it knows whether it is another one.
    const own: ListKind[] = missed && this.shown.compiled.listsResources ? ['resources'] : []
    yield* this.#listsOf([...new Set([...changed, ...own])])
    if (missed) for (const uri of this.#filter.resources) yield* this.#updated(uri, this.shown)
  }

  *#listsOf(kinds: readonly ListKind[]): Generator<Told, void, undefined> {
    for (const kind of kinds) {
      if (this.#filter.lists.has(kind)) yield tell(`${kind}/list_changed`)
    }
  }

  *#updated(uri: string, now: ServerRecord): Generator<Told, void, undefined> {
    const { caller } = this.#options.mcp
    if (!this.#filter.resources.has(uri) || !mayFollow(now, caller, uri)) return
    yield tell('resources/updated', { uri })
  }

  /** Since the caller was last told. */
  #changes(now: ServerRecord): ListKind[] {
    const before = this.shown
    this.shown = now
    return changedLists(before, now, this.#options.mcp.caller)
  }

  /** @returns the server as it is now; `undefined`: this caller may not listen to it any longer */
  async #look(fresh: boolean): Promise<ServerRecord | undefined> {
    const { mcp, isOver } = this.#options
    const { gateway, lifetime, caller } = mcp
    const strict = this.shown.policy.strict
    const feed = strict
      ? await gateway.catalog.feed(lifetime, 0)
      : await gateway.catalog.feed(lifetime, fresh ? LIST_FEED_MAX_AGE_MS : undefined)
    if (caller.expiresAtSeconds <= Date.now() / 1000) return undefined
    if (isRevoked(feed.view, caller) || isOver?.(feed.view)) return undefined
    const now = await gateway.catalog.server(mcp.server.name, feed, lifetime, caller.principal)
    return now && maySee(caller.principal, now.policy) ? now : undefined
  }

  /** Until every isolate lists what this one sees: it may have published that itself. */
  async #settle(): Promise<void> {
    const { gateway, lifetime } = this.#options.mcp
    for (let look = 0; look < LIST_SETTLE_LOOKS; look++) {
      const feed = await gateway.catalog.feed(lifetime, LIST_FEED_MAX_AGE_MS)
      const { version } = await gateway.catalog.index(feed, lifetime)
      const settled = version <= feed.view.catalogVersion
      await sleep(LIST_SETTLES_MS)
      if (settled) return
    }
  }
}

const tell = (method: string, params?: JsonObject): Told => ({
  kind: 'notification',
  method: `notifications/${method}`,
  ...(params ? { params } : {}),
})

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
