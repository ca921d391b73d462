/**
 * What a hub tells one listener, as one sequence: the Worker that holds a client's
 * stream holds a hibernatable WebSocket to the hub (DESIGN §4.4), and after a cut
 * attaches again where it left off, with jitter.
 */
import {
  type Hubs,
  HUB_REPLACED_CODE,
  type HubFollow,
  type HubHello,
  type HubListener,
  type HubMessage,
} from '../../contracts/entrypoints.ts'
import type { HubFrame } from '../../contracts/hub-topics.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { SocketInbox } from '../../lib/socket-inbox.ts'
import { attach, type AttachFailure } from './hub-attach.ts'
import {
  HUB_ATTACH_ATTEMPTS,
  HUB_ATTACH_RETRY_MS,
  HUB_HELLO_TIMEOUT_MS,
  STREAM_KEEP_ALIVE_MS,
} from '../limits.ts'

export type HubItem =
  | { readonly kind: 'frame'; readonly frame: HubFrame }
  /** Attached again; `missed`: what happened meanwhile is not known. */
  | { readonly kind: 'back'; readonly missed: boolean }
  | { readonly kind: 'quiet' }

export interface HubFeedOptions {
  readonly hubs: Hubs
  readonly listener: Omit<HubListener, 'shard' | 'sent' | 'after'>
  /** Aborted when the client's stream is gone. */
  readonly gone: AbortSignal
  /** 2025 era: what the session follows, read anew whenever this is attached. */
  readonly follows?: () => Promise<HubFollow>
}

/** A message of the hub: its first on a socket, or an event. */
type Received = HubHello | HubMessage

export class HubFeed {
  /** Place of the last thing that was handed out. */
  at: string | undefined
  readonly #options: HubFeedOptions
  #inbox: SocketInbox<Received> | undefined

  /** @param after where an earlier stream of the client left off */
  constructor(options: HubFeedOptions, after?: string) {
    this.#options = options
    this.at = after
  }

  /** @returns whether something after `after` may be lost */
  async open(): Promise<Result<boolean, AttachFailure>> {
    const { hubs, listener, gone, follows } = this.#options
    const after = this.at === undefined ? {} : { after: this.at }
    const attached = await attach(hubs, { ...listener, ...after })
    if (!attached.ok) return attached
    const inbox = new SocketInbox<Received>(attached.value, { gone, read: JSON.parse, slotOf })
    const hello = await inbox.next(HUB_HELLO_TIMEOUT_MS)
    if (typeof hello === 'string' || !('missed' in hello)) {
      inbox.close()
      return fail({ reason: 'unreachable' })
    }
    this.#inbox = inbox
    this.at ??= hello.at
    if (follows) inbox.send(JSON.stringify({ ...(await follows()), after: this.at }))
    if (hello.missed) this.at = hello.at
    return ok(hello.missed)
  }

  /** Ends when the client is gone, a newer stream took its place, or the hub stays away. Call after `open`. */
  async *items(): AsyncGenerator<HubItem, void, undefined> {
    for (;;) {
      yield* this.#received()
      if (this.#options.gone.aborted || this.#inbox?.closeCode === HUB_REPLACED_CODE) return
      const missed = await this.#reopen()
      if (missed === undefined) return
      yield { kind: 'back', missed }
    }
  }

  async *#received(): AsyncGenerator<HubItem, void, undefined> {
    for (;;) {
      const item = (await this.#inbox?.next(STREAM_KEEP_ALIVE_MS)) ?? 'closed'
      if (item === 'closed') return
      if (item === 'quiet') yield { kind: 'quiet' }
      else if ('frame' in item) {
        this.at = item.at
        yield { kind: 'frame', frame: JSON.parse(item.frame) as HubFrame }
      }
    }
  }

  /** Jitter: what cut one listener cut thousands, and they must not all come back at once. */
  async #reopen(): Promise<boolean | undefined> {
    for (let attempt = 0; attempt < HUB_ATTACH_ATTEMPTS; attempt++) {
      await sleep(HUB_ATTACH_RETRY_MS * 2 ** attempt * (0.5 + Math.random()))
      if (this.#options.gone.aborted) return undefined
      const opened = await this.open()
      if (opened.ok) return opened.value
    }
    return undefined
  }
}

/** Of what nobody read yet, the newest of each kind says all; a hello and sessions' news each count. */
function slotOf(item: Received): string | undefined {
  return 'frame' in item ? slotOfFrame(JSON.parse(item.frame) as HubFrame) : undefined
}

function slotOfFrame(frame: HubFrame): string {
  if (frame.kind === 'resource') return `resource ${frame.uri}`
  return frame.kind === 'task' ? `task ${frame.taskId}` : frame.kind
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
