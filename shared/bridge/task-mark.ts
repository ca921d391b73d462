/** The last stored event of a run that goes on as a task: no event for the client, but where to look. */
import { isObject } from '../protocol/jsonrpc.ts'
import type { PendingCall, SessionEvent } from '../rpc.ts'

/** On the inner answer: the task that its stream is a view of. */
export const TASK_HEADER = 'x-mcp-edge-task'

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
