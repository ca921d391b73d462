/**
 * Tasks between Workers: the Task object, and the entrypoint of the router through
 * which its attempts run. Types and names; the casts are in entrypoints.ts.
 */
import type { Principal } from '../identity/principal.ts'

// ── durable-objects: Task ─────────────────────────────────────────────────────

/**
 * For whom a task runs, as the router saw them last. Kept by the Task object, and
 * believed again by the router only from its `Internal` entrypoint.
 */
export interface PrincipalRecord {
  principal: Principal
  /** Absent for a stranger. */
  grantId?: string
  /** When they last showed a good token. */
  provenAtSeconds: number
}

export interface TaskStart {
  server: string
  tool: string
  /** All of them are needed to start the task, and to look at it. */
  scopes: string[]
  /** As the tool's definition has them. */
  task: { restart: 'never' | 'fromInput'; ttlMs: number }
  record: PrincipalRecord
  /** Params of the 2026-07-28 request to run, `_meta` included, without answers and state. */
  params: Record<string, unknown>
  /** Of a tool that began in the call: its answers so far. */
  requestState?: string
}

/** `json`: the task in JSON text, as `tasks/get` shows it (of a new one, as `tools/call` does). */
export type TaskOutcome =
  | { status: 'ok'; json: string }
  /** Never made, expired, or of somebody else: nobody can tell. */
  | { status: 'unknown' }
  | { status: 'insufficient_scope'; scopes: string[] }
  /** More than can be kept. */
  | { status: 'too_large' }

/** What a view needs of the call that a task came from. */
export interface TaskCall {
  tool: string
  progressToken?: string | number
}

/** One object per task, name = `taskObjectName()`; deletes itself by alarm, `ttlMs` after its start. */
export interface Task {
  /** Durable when it answers. A task that is there already stays as it is. */
  create(taskId: string, start: TaskStart): TaskOutcome
  /** @param held scopes of whoever asks */
  get(held: readonly string[]): TaskOutcome
  /** Whether whoever asks may be told of the task. */
  mayFollow(held: readonly string[]): boolean
  /** `undefined` for who may not look at it. */
  callOf(held: readonly string[]): TaskCall | undefined
  /** Answers to open questions; the last of them sets the task working, for this caller. */
  update(record: PrincipalRecord, inputResponses: Record<string, unknown>): TaskOutcome
  /** Final, unless the task was over before. */
  cancel(held: readonly string[]): TaskOutcome
}

export const taskObjectName = (
  { tenant, subject }: Pick<Principal, 'tenant' | 'subject'>,
  server: string,
  taskId: string,
): string => JSON.stringify([tenant, subject, server, taskId])

/**
 * `fetch` with `Upgrade: websocket` on this path + task id attaches a view: frames as
 * of a Session (`SessionFrame`), the newest state first where it is newer than `?after=<seq>`.
 * Without `view` each event is a `notifications/tasks`; with it (JSON of a
 * {@link TaskView}) the events of the call that the task looks like to a 2025 client.
 */
export const TASK_ATTACH_PATH = '/attach/'

export interface TaskView {
  /** JSON-RPC id of the call. */
  id: string | number
  progressToken?: string | number
}

// ── router ────────────────────────────────────────────────────────────────────

/** One attempt of a task, or its next round. */
export interface TaskRun {
  server: string
  principalRecord: PrincipalRecord
  /** What is to be decided on anew, and the run it belongs to. */
  decision: { tool: string; run: { id: string; keptSeconds: number } }
  /** JSON text of the 2026-07-28 `tools/call`. */
  body: string
}

/**
 * `Internal.run`: the router's named entrypoint, bound by the objects Worker alone; it
 * has no public route. Decides on the call as if it came now (revocation, policy,
 * scopes), and forwards it. Answers the 2026-07-28 wire or the router's refusal; 503:
 * nothing has run. Aborting `signal` ends the call, as a client that leaves does.
 *
 * @param router the binding ROUTER
 */
export const runThrough = (router: Fetcher, run: TaskRun, signal: AbortSignal): Promise<Response> =>
  router.fetch('https://router.internal/run', {
    method: 'POST',
    body: JSON.stringify(run),
    signal,
  })
