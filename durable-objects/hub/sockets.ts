/**
 * The hibernatable sockets of one shard. What a listener follows travels with its
 * socket, so listening costs no row and survives hibernation (DESIGN §4.4).
 */
import { KEY_CHARS } from '#shared/contracts/hub-topics.ts'
import {
  HUB_REPLACED_CODE,
  type HubFollow,
  type HubHello,
  type HubListener,
  type HubMessage,
  type HubRow,
} from '#shared/contracts/entrypoints.ts'
import { closeSocket } from '../close-socket.ts'

/** Survives hibernation with its socket; 16 KiB at most. */
interface Attachment {
  readonly audiences: readonly string[]
  readonly topics: string
  readonly session?: string
  /** Resources of a 2025-era session, and of which revision. */
  readonly followed: string
  readonly revision: number
}

const NORMAL_CLOSURE = 1000
const principalTag = (key: string): string => `principal:${key}`
const sessionTag = (key: string): string => `session:${key}`

export class HubSockets {
  readonly #state: DurableObjectState
  /** Read once per instance and socket. */
  readonly #attachments = new WeakMap<WebSocket, Attachment>()

  constructor(state: DurableObjectState) {
    this.#state = state
  }

  get count(): number {
    return this.#open().length
  }

  /** @param principal the key of an audience */
  countOf(principal: string): number {
    return this.#open(principalTag(principal)).length
  }

  /** @returns the client's end */
  accept({ audiences, topics, session }: HubListener): { client: WebSocket; server: WebSocket } {
    const tags = audiences.slice(-1).map(principalTag)
    if (session !== undefined) {
      this.release(session)
      tags.push(sessionTag(session))
    }
    const { 0: client, 1: server } = new WebSocketPair()
    this.#state.acceptWebSocket(server, tags)
    const own = session === undefined ? {} : { session }
    this.#attach(server, { audiences, topics, ...own, followed: '', revision: 0 })
    return { client, server }
  }

  /** One message on one stream only (2025-11-25 transports): the newest holder has it. */
  release(session: string | undefined): void {
    if (session === undefined) return
    for (const older of this.#open(sessionTag(session))) closeSocket(older, HUB_REPLACED_CODE)
  }

  hello(socket: WebSocket, hello: HubHello): void {
    send(socket, JSON.stringify(hello))
  }

  /** Sends events to whoever follows them and belongs to their audience. */
  tell(rows: readonly HubRow[], at: (seq: number) => string): void {
    if (rows.length === 0) return
    for (const socket of this.#open()) this.tellOne(socket, rows, at)
  }

  tellOne(socket: WebSocket, rows: readonly HubRow[], at: (seq: number) => string): void {
    for (const row of rows) {
      if (!follows(this.#attachmentOf(socket), row)) continue
      if (row.follow) this.follow(socket, row.follow)
      send(socket, JSON.stringify({ at: at(row.seq), frame: row.frame } satisfies HubMessage))
    }
  }

  follow(socket: WebSocket, { revision, topics }: HubFollow): void {
    const attachment = this.#attachmentOf(socket)
    if (revision <= attachment.revision) return
    this.#attach(socket, { ...attachment, followed: topics, revision })
  }

  /** @param topics events of these alone */
  tellOf(socket: WebSocket, topics: string, rows: readonly HubRow[], at: (seq: number) => string) {
    const wanted = keysOf(topics)
    this.tellOne(
      socket,
      rows.filter(({ topic }) => wanted.includes(topic)),
      at,
    )
  }

  #attach(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment)
    this.#attachments.set(socket, attachment)
  }

  #attachmentOf(socket: WebSocket): Attachment {
    const known = this.#attachments.get(socket)
    if (known) return known
    const attachment = socket.deserializeAttachment() as Attachment
    this.#attachments.set(socket, attachment)
    return attachment
  }

  #open(tag?: string): WebSocket[] {
    const sockets = this.#state.getWebSockets(tag)
    return sockets.filter(({ readyState }) => readyState === WebSocket.OPEN)
  }
}

function follows(attachment: Attachment, { topic, audience }: HubRow): boolean {
  if (audience !== '' && !attachment.audiences.includes(audience)) return false
  if (topic === attachment.session) return true
  return includesKey(attachment.topics, topic) || includesKey(attachment.followed, topic)
}

/** Keys begin at multiples of their length; anywhere else it is two halves. */
function includesKey(keys: string, key: string): boolean {
  for (let at = keys.indexOf(key); at >= 0; at = keys.indexOf(key, at + 1)) {
    if (at % KEY_CHARS === 0) return true
  }
  return false
}

const keysOf = (keys: string): string[] =>
  Array.from({ length: keys.length / KEY_CHARS }, (_, index) =>
    keys.slice(index * KEY_CHARS, (index + 1) * KEY_CHARS),
  )

/** A socket that is closing gets it when its holder attaches again. */
function send(socket: WebSocket, text: string): void {
  try {
    socket.send(text)
  } catch {
    closeSocket(socket, NORMAL_CLOSURE)
  }
}
