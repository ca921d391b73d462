/**
 * `notifications/tasks` for `subscriptions/listen` (SEP-2663): each state, in order,
 * to this principal's listeners alone. They may be lost; `tasks/get` is the truth.
 */
import type { Hubs } from '#shared/contracts/entrypoints.ts'
import { HUB_EVENT_MAX_CHARS } from '#shared/contracts/hub-limits.ts'
import { publish } from '#shared/contracts/hub-publish.ts'
import { principalAudience, type HubFrame } from '#shared/contracts/hub-topics.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import type { JsonObject } from '#shared/protocol/jsonrpc.ts'
import type { TaskRow, TaskStore } from './store.ts'
import { detailedJson, headOf } from './wire.ts'

/** Of the frame around the task. */
const FRAME_CHARS = 200

export class TaskNotices {
  readonly #hubs: Hubs
  readonly #store: TaskStore
  /** Whether anybody listened the last time: reports are only for those who do. */
  #isHeard = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(hubs: Hubs, store: TaskStore) {
    this.#hubs = hubs
    this.#store = store
  }

  /** A report changed what `statusMessage` says, nothing else. */
  report(): Promise<unknown> {
    return this.#isHeard ? this.tell() : this.#last
  }

  /** Never rejects. */
  tell(): Promise<unknown> {
    const task = this.#store.read()
    if (task) {
      const shown = this.#shown(task)
      this.#last = this.#last.then(() => this.#publish(task, shown))
    }
    return this.#last
  }

  /** A result that does not fit is for `tasks/get`. */
  #shown(task: TaskRow): JsonObject {
    const json = detailedJson(task, this.#store)
    const fits = json.length + FRAME_CHARS <= HUB_EVENT_MAX_CHARS
    return fits ? (JSON.parse(json) as JsonObject) : { ...headOf(task) }
  }

  async #publish(
    { task_id: taskId, server, tenant, subject }: TaskRow,
    task: JsonObject,
  ): Promise<void> {
    const frame: HubFrame = { kind: 'task', taskId, task }
    const audience = principalAudience({ tenant, subject })
    try {
      this.#isHeard = await publish(this.#hubs, server, [{ frame, audience }])
    } catch (error) {
      logUnexpected('task_notice_failed', error, { taskId, server })
    }
  }
}
