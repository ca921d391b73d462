/**
 * Calls of 2025 clients that go on as tasks, as streams and Session know them: the run
 * of such a stream names its task, and a stored run may end with a mark that is no
 * event for the client, but says where the rest is to be had.
 */
import { isObject } from '../../../protocol/jsonrpc.ts'
import { randomId } from '../../../lib/random-id.ts'
import type { PendingCall, SessionEvent } from '../../../contracts/entrypoints.ts'

/** On the inner answer: the task that its stream is a view of. */
export const TASK_HEADER = 'x-mcp-edge-task'

const SEPARATOR = '~'
const TASK_ID_CHARS = 22

/** One stream of the task's: each has ids of its own, and all say whose they are. */
export const runIdOfTask = (taskId: string): string => `${taskId}${SEPARATOR}${randomId()}`

/** @returns `undefined` for the run of any other call */
export const taskIdOfRun = (runId: string): string | undefined =>
  runId[TASK_ID_CHARS] === SEPARATOR ? runId.slice(0, TASK_ID_CHARS) : undefined

export interface TaskMark {
  readonly taskId: string
  /** Without its arguments: the task has them. */
  readonly call: PendingCall
}

/** No JSON text begins like this. */
const PREFIX = 'task:'

export function taskMark(taskId: string, call: PendingCall): SessionEvent {
  const { _meta: meta, name } = call.params
  const kept: PendingCall = { ...call, params: { name, _meta: meta } }
  return PREFIX + JSON.stringify({ taskId, call: kept } satisfies TaskMark)
}

export function readTaskMark(event: SessionEvent): TaskMark | undefined {
  if (!event.startsWith(PREFIX)) return undefined
  const mark: unknown = JSON.parse(event.slice(PREFIX.length))
  return isObject(mark) ? (mark as unknown as TaskMark) : undefined
}

/** Without parsing it. */
export const isTaskMark = (event: SessionEvent | undefined): boolean =>
  event?.startsWith(PREFIX) === true
