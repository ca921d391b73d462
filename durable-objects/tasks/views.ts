/**
 * Whoever looks at a task: hibernatable WebSockets, each told the newest state once.
 * A view is lossy on the way (reports may be skipped), never about the end.
 */
import { isRequestId, isObject } from '#shared/protocol/jsonrpc.ts'
import type { SessionFrame } from '#shared/contracts/entrypoints.ts'
import type { TaskView } from '#shared/contracts/tasks.ts'
import { closeSocket } from '../close-socket.ts'
import { VIEWS_MAX } from './limits.ts'
import type { TaskRow, TaskStore } from './store.ts'
import { callEventOf, notificationOf, type Event } from './wire.ts'

/** Survives hibernation with its socket. */
interface Attachment {
  /** Version of the last state sent. */
  seq: number
  view?: TaskView
}

const NORMAL_CLOSURE = 1000
/** One on the longest URL of ours. */
const VIEW_MAX_CHARS = 1024

export class TaskViews {
  readonly #ctx: DurableObjectState
  readonly #store: TaskStore

  constructor(ctx: DurableObjectState, store: TaskStore) {
    this.#ctx = ctx
    this.#store = store
  }

  attach(request: Request): Response {
    const { searchParams } = new URL(request.url)
    const seq = Number(searchParams.get('after') ?? 0)
    const view = viewOf(searchParams.get('view'))
    const isUpgrade = request.headers.get('Upgrade') === 'websocket'
    if (!isUpgrade || !Number.isSafeInteger(seq) || view === 'invalid') {
      return new Response(null, { status: 426 })
    }
    if (this.#ctx.getWebSockets().length >= VIEWS_MAX) return new Response(null, { status: 429 })
    const { 0: client, 1: server } = new WebSocketPair()
    this.#ctx.acceptWebSocket(server)
    this.#tell(server, { seq, ...(view ? { view } : {}) })
    return new Response(null, { status: 101, webSocket: client })
  }

  /** Tells every view what it has not seen. */
  publish(): void {
    for (const socket of this.#ctx.getWebSockets()) {
      this.#tell(socket, socket.deserializeAttachment() as Attachment)
    }
  }

  close(): void {
    for (const socket of this.#ctx.getWebSockets()) closeSocket(socket, NORMAL_CLOSURE)
  }

  #tell(socket: WebSocket, { seq, view }: Attachment): void {
    const task = this.#store.read()
    const event = task && task.version > seq ? this.#eventOf(task, view) : undefined
    try {
      if (task && event) {
        const frame: SessionFrame = { seq: task.version, event: event.json, done: event.done }
        socket.send(JSON.stringify(frame))
      }
      const told = event ? (task?.version ?? seq) : seq
      socket.serializeAttachment({ seq: told, ...(view ? { view } : {}) } satisfies Attachment)
    } catch {
      // A socket that is closing gets it when it attaches again.
      closeSocket(socket, NORMAL_CLOSURE)
    }
  }

  #eventOf(task: TaskRow, view: TaskView | undefined): Event | undefined {
    return view ? callEventOf(task, this.#store, view) : notificationOf(task, this.#store)
  }
}

function viewOf(text: string | null): TaskView | undefined | 'invalid' {
  if (text === null) return undefined
  if (text.length > VIEW_MAX_CHARS) return 'invalid'
  const value: unknown = JSON.parse(text)
  if (!isObject(value) || !isRequestId(value['id'])) return 'invalid'
  const { id, progressToken } = value
  return { id, ...(isRequestId(progressToken) ? { progressToken } : {}) }
}
