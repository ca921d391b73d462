/**
 * What an author says of a tool that may run as a task (extension
 * `io.modelcontextprotocol/tasks`, SEP-2663): kept going without the client, with
 * attempts counted by the platform.
 */
/** `optional`: an ordinary call where the client knows no tasks. `required`: never one. */
export type TaskSupport = 'optional' | 'required'

/**
 * After an attempt was lost with its isolate: `never` ends the task with an error,
 * `fromInput` runs the handler again from the top, answers kept.
 */
export type Restart = 'never' | 'fromInput'

interface TaskSettings {
  task: TaskSupport
  /**
   * The handler begins in the call itself, where it may ask or answer at once, and
   * says `await context.task()` where the task is to begin. Default: all of it is the task.
   */
  beginsInCall?: boolean
  /** How long task and result can be asked for, from the start. Default one day; at most seven. */
  taskTtlMs?: number
}

/** Annotations of a tool that may run twice without harm (server/tools "Tool Annotations"). */
type Repeatable = { idempotentHint: true } | { readOnlyHint: true }

/** `restart` is the author's to decide, unless the tool is idempotent or only reads. */
export type TaskOptions =
  | { task?: undefined; restart?: undefined; beginsInCall?: undefined; taskTtlMs?: undefined }
  | (TaskSettings & { restart: Restart })
  | (TaskSettings & { restart?: Restart; annotations: Repeatable })
