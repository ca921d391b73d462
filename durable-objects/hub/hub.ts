/**
 * Who listens to one server (DESIGN §4.4): holds the hibernatable sockets of the
 * routers that hold the clients' streams, and tells each what it follows. Exists
 * only while somebody listens; deletes itself by alarm.
 *
 * Shard 0 is the root. It spreads listeners over shards by their number, so shards
 * are found without a scan, and hands events on to those there are (hub-fan-out.ts).
 *
 * Does NOT check who may listen to what: the router did, and only it and the
 * platform's own objects are bound to hubs.
 */
import { DurableObject } from 'cloudflare:workers'
import {
  HUB_CHECK_MS,
  HUB_EVENTS_PER_SECOND,
  HUB_IDLE_MS,
  HUB_PAUSE_MS,
  SHARD_ASSIGNED_MS,
  SHARDS_MAX,
} from '#shared/contracts/hub-limits.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import {
  HUB_ELSEWHERE_HEADER,
  HUB_LISTENER_HEADER,
  hubOf,
  type Hub,
  type HubElsewhere,
  type HubEvent,
  type HubFollow,
  type HubListener,
  type HubPosition,
  type HubRow,
} from '#shared/contracts/entrypoints.ts'
import { HubFanOut } from './fan-out.ts'
import { HubSockets } from './sockets.ts'
import { HUB_MIGRATIONS, HubStore, positionText, readPosition } from './store.ts'
import { Tables } from '../schema.ts'

const ROOT = 0
/** Those of a place that choose its shard; the others are as even. */
const SHARD_BITS = Math.log2(SHARDS_MAX)

export class HubObject extends DurableObject<Cloudflare.Env> implements Hub {
  readonly #tables: Tables
  readonly #store: HubStore
  readonly #sockets: HubSockets
  readonly #fanOut: HubFanOut
  /** Events of the running second; an instance that vanishes forgets them, which only lets more through. */
  #second = { startMs: 0, events: 0 }

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, HUB_MIGRATIONS)
    this.#store = new HubStore(this.#tables, state.storage)
    this.#sockets = new HubSockets(state)
    this.#fanOut = new HubFanOut(this.#store, () => this.env.HUB)
  }

  async publish(events: HubEvent[]): Promise<boolean> {
    if (!this.#store.exists) return false
    this.#store.record(events)
    if (!this.#hasBudget(events.length)) {
      await this.#wakeWithin(HUB_PAUSE_MS)
      return true
    }
    await this.#handOn()
    return true
  }

  deliver(position: HubPosition, rows: HubRow[]): boolean {
    if (!this.#store.exists || this.#store.position.epoch !== position.epoch) return false
    this.#store.keep(rows)
    this.#tellOwn()
    return true
  }

  leave(shard: number): boolean {
    if (!this.#store.exists) return true
    const known = this.#store.shards().find((row) => row.shard === shard)
    if (known && Date.now() - known.assignedMs < SHARD_ASSIGNED_MS) return false
    this.#store.removeShard(shard)
    return true
  }

  /** Attaches a listener (see `HUB_LISTENER_HEADER`). */
  override async fetch(request: Request): Promise<Response> {
    const header = request.headers.get(HUB_LISTENER_HEADER)
    if (request.headers.get('Upgrade') !== 'websocket' || header === null) {
      return new Response(null, { status: 426 })
    }
    const listener = JSON.parse(header) as HubListener
    const elsewhere = listener.shard === ROOT ? this.#placeOf(listener) : this.#join(listener)
    // Whatever the answer, what is stored now goes by alarm when nobody came.
    if (this.#store.exists) await this.#wakeWithin(HUB_IDLE_MS)
    if (elsewhere instanceof Response) return elsewhere
    if (elsewhere) {
      const headers = { [HUB_ELSEWHERE_HEADER]: JSON.stringify(elsewhere) }
      return new Response(null, { status: 409, headers })
    }
    const [principal = ''] = listener.audiences.slice(-1)
    if (this.#sockets.countOf(principal) >= listener.most) {
      return new Response(null, { status: 429 })
    }
    return this.#accept(listener)
  }

  /** From the router: a `HubFollow`. */
  override webSocketMessage(socket: WebSocket, text: string | ArrayBuffer): void {
    if (typeof text !== 'string') return
    const { after, ...follow } = JSON.parse(text) as HubFollow
    this.#sockets.follow(socket, follow)
    const from = readPosition(after)
    if (from && this.#store.knowsAfter(from)) {
      this.#sockets.tellOf(socket, follow.topics, this.#store.rowsAfter(from.seq), this.#at)
    }
  }

  override async webSocketClose(): Promise<void> {
    if (this.#sockets.count === 0) await this.#wakeWithin(HUB_IDLE_MS)
  }

  override webSocketError(): Promise<void> {
    return this.webSocketClose()
  }

  /** Never throws: the runtime gives up on an alarm that fails too often, and the object would stay. */
  override async alarm(): Promise<void> {
    try {
      if (!this.#store.exists) return
      await this.#handOn()
      if (await this.#isNeeded()) await this.#wakeWithin(HUB_CHECK_MS)
      else await this.#tables.destroy()
    } catch (error) {
      logUnexpected('hub_alarm_failed', error)
      await this.#wakeWithin(SHARD_ASSIGNED_MS)
    }
  }

  /** Where the listener belongs; `undefined`: here. Grows when what there is is full. */
  #placeOf({ server, place, session, sent }: HubListener): HubElsewhere | Response | undefined {
    if (!this.#store.exists) {
      this.#store.open({ server, shard: ROOT }, { epoch: crypto.randomUUID(), seq: 0 })
    }
    let shards = this.#store.shardCount
    const isFull = sent?.shards === shards
    if (isFull && shards === SHARDS_MAX) return new Response(null, { status: 503 })
    if (isFull || (shards === 1 && this.#hasNoRoom())) shards *= 2
    this.#store.shardCount = shards
    let shard = place % shards
    // A full root keeps what it has; who would come to it is spread over the others.
    if (shard === ROOT && this.#hasNoRoom()) shard = 1 + ((place >>> SHARD_BITS) % (shards - 1))
    if (shard === ROOT) return undefined
    // Its session's stream was perhaps here before the root was full.
    this.#sockets.release(session)
    this.#store.assign(shard, Date.now())
    return { ...this.#store.position, shard, shards }
  }

  /** A shard other than the root. It begins where the root was when it sent the listener here. */
  #join({ server, shard, sent }: HubListener): HubElsewhere | Response | undefined {
    if (!sent) return new Response(null, { status: 400 })
    // Of another life of the root: nothing that is here will be told anything again.
    if (!this.#store.exists || this.#store.position.epoch !== sent.epoch) {
      this.#store.open({ server, shard }, sent)
    }
    return this.#hasNoRoom() ? sent : undefined
  }

  #accept(listener: HubListener): Response {
    const { client, server } = this.#sockets.accept(listener)
    const after = readPosition(listener.after)
    const known = after && this.#store.knowsAfter(after)
    const at = known ? positionText(after) : positionText(this.#store.position)
    this.#sockets.hello(server, { at, missed: listener.after !== undefined && !known })
    if (known) this.#sockets.tellOne(server, this.#store.rowsAfter(after.seq), this.#at)
    return new Response(null, { status: 101, webSocket: client })
  }

  readonly #at = (seq: number): string => positionText({ epoch: this.#store.position.epoch, seq })

  async #handOn(): Promise<void> {
    this.#tellOwn()
    const retryMs = await this.#fanOut.run()
    if (retryMs !== undefined) await this.#wakeWithin(retryMs)
  }

  #tellOwn(): void {
    const { seq } = this.#store.position
    if (this.#store.sentSeq >= seq) return
    this.#sockets.tell(this.#store.rowsAfter(this.#store.sentSeq), this.#at)
    this.#store.sentSeq = seq
  }

  async #isNeeded(): Promise<boolean> {
    if (this.#sockets.count > 0) return true
    const { server, shard } = this.#store.self
    if (shard === ROOT) return this.#store.shards().length > 0
    return !(await hubOf(this.env.HUB, server, ROOT).leave(shard))
  }

  #hasNoRoom(): boolean {
    return this.#sockets.count >= Number(this.env.HUB_SHARD_LISTENERS)
  }

  #hasBudget(events: number): boolean {
    const nowMs = Date.now()
    if (nowMs - this.#second.startMs >= 1_000) this.#second = { startMs: nowMs, events: 0 }
    this.#second.events += events
    return this.#second.events <= HUB_EVENTS_PER_SECOND
  }

  async #wakeWithin(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const setMs = await this.ctx.storage.getAlarm()
    if (setMs === null || setMs > dueMs) await this.ctx.storage.setAlarm(dueMs)
  }
}
