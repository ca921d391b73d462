/** A task in the words of the 2026-07-28 wire (SEP-2663), and as the call a 2025 client sees. */
import { SERVER_ERROR, errorJson } from '#shared/protocol/errors.ts'
import type { TaskHead } from '#shared/protocol/revisions/2026-07-28/tasks.ts'
import type { TaskView } from '#shared/contracts/tasks.ts'
import { POLL_INTERVAL_MS, STATUS_MESSAGE_MAX_CHARS } from './limits.ts'
import type { StoredQuestion, TaskRow, TaskStore } from './store.ts'

/** What every answer shows: of a new task, this is all. */
export function headOf(task: TaskRow): TaskHead {
  return {
    taskId: task.task_id,
    status: task.status,
    ...(task.status_message === null ? {} : { statusMessage: task.status_message }),
    createdAt: new Date(task.created_ms).toISOString(),
    lastUpdatedAt: new Date(task.updated_ms).toISOString(),
    ttlMs: task.ttl_ms,
    pollIntervalMs: POLL_INTERVAL_MS,
  }
}

/** JSON text of a `DetailedTask`: with what its status adds. */
export function detailedJson(task: TaskRow, store: TaskStore): string {
  const head = JSON.stringify(headOf(task))
  const more = moreOf(task, store)
  return more === '' ? head : `${head.slice(0, -1)},${more}}`
}

function moreOf({ status }: TaskRow, store: TaskStore): string {
  switch (status) {
    case 'input_required':
      return `"inputRequests":${requestsJson(store.questions())}`
    case 'completed':
      return `"result":${store.text('answer')}`
    case 'failed':
      return `"error":${store.text('answer')}`
    case 'working':
    case 'cancelled':
      return ''
  }
}

function requestsJson(questions: readonly StoredQuestion[]): string {
  const open = questions.filter(({ response }) => response === null)
  return `{${open.map(({ key, request }) => `${JSON.stringify(key)}:${request}`).join()}}`
}

/** One JSON-RPC message, and whether nothing follows it. */
export interface Event {
  readonly json: string
  readonly done: boolean
}

export const isOver = ({ status }: TaskRow): boolean =>
  status !== 'working' && status !== 'input_required'

export const notificationOf = (task: TaskRow, store: TaskStore): Event => ({
  json: `{"jsonrpc":"2.0","method":"notifications/tasks","params":${detailedJson(task, store)}}`,
  done: isOver(task),
})

/** @returns `undefined` while there is nothing to tell */
export function callEventOf(
  task: TaskRow,
  store: TaskStore,
  { id, progressToken }: TaskView,
): Event | undefined {
  const answer = (resultJson: string): Event => ({
    json: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`,
    done: true,
  })
  switch (task.status) {
    case 'working': {
      if (task.progress === null || progressToken === undefined) return undefined
      const params = { progressToken, ...(JSON.parse(task.progress) as object) }
      const json = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
      return { json, done: false }
    }
    case 'input_required':
      // The bridge asks, and comes back with the answers and this state.
      return answer(
        `{"resultType":"input_required","inputRequests":${requestsJson(store.questions())},"requestState":${JSON.stringify(task.task_id)}}`,
      )
    case 'completed':
      return answer(store.text('answer'))
    case 'failed':
      return {
        json: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${store.text('answer')}}`,
        done: true,
      }
    case 'cancelled': {
      const failure = { status: 200, code: SERVER_ERROR, message: 'The call was cancelled' }
      return { json: errorJson(id, failure), done: true }
    }
  }
}

export const statusLine = (text: string): string => text.slice(0, STATUS_MESSAGE_MAX_CHARS)
