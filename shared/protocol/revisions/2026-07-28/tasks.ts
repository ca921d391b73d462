/**
 * The extension `io.modelcontextprotocol/tasks` (SEP-2663) on the 2026-07-28 wire:
 * who has declared it, and results as JSON text.
 */
import type { JsonObject } from '../../jsonrpc.ts'
import { invalidParams, missingCapability, type WireError } from '../../errors.ts'
import { CAPABILITIES_KEY, TASKS_EXTENSION, type Envelope } from './envelope.ts'

/** Methods on a task that exists; `tasks/list` and `tasks/result` are gone since SEP-2663. */
export type TaskMethod = 'tasks/get' | 'tasks/update' | 'tasks/cancel'
const METHODS: ReadonlySet<string> = new Set<TaskMethod>([
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
])
export const isTaskMethod = (method: string): method is TaskMethod => METHODS.has(method)

/** Declared request by request, as all of a client is in this revision. */
export const declaresTasks = (meta: Envelope): boolean =>
  meta[CAPABILITIES_KEY].extensions?.[TASKS_EXTENSION] !== undefined

/** −32021, for a tool that cannot do without and for a method of the extension. */
export const tasksRequired = (): WireError =>
  missingCapability({ extensions: { [TASKS_EXTENSION]: {} } })

/** Never made, expired, or of somebody else: nobody can tell. */
export const taskNotFound = (): WireError => invalidParams('Task not found')

export const taskTooLarge = (): WireError =>
  invalidParams('This is more than can be kept with a task; send less')

/** The whole answer to `tasks/update` and `tasks/cancel`: what follows is seen by `tasks/get`. */
export const TASK_ACKNOWLEDGED = '{"resultType":"complete"}'

/** As `server/discover` lists it. Never `capabilities.tasks`: that is of another design. */
export const TASKS_CAPABILITY: JsonObject = { extensions: { [TASKS_EXTENSION]: {} } }

export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'

/** A task as every answer shows it, without what its status adds. */
export interface TaskHead {
  readonly taskId: string
  readonly status: TaskStatus
  readonly statusMessage?: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly lastUpdatedAt: string
  /** From `createdAt`. */
  readonly ttlMs: number
  readonly pollIntervalMs: number
}

/** JSON text of a result around the JSON text of an object's members, `{…}` included. */
export const taskResult = (
  resultType: 'task' | 'complete',
  taskJson: string,
  metaJson: string,
): string => {
  const members = taskJson.slice(1, -1)
  return `{"resultType":"${resultType}",${members === '' ? '' : `${members},`}"_meta":${metaJson}}`
}
