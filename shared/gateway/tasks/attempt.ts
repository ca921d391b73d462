/**
 * One attempt of a task, asked for by its Task object. It is decided on as if the
 * call came now: revoked, hidden or out of scope since the last attempt ends it
 * before the server is asked. Believes the caller's record: only the objects
 * Worker may reach this.
 */
import { isRevoked } from '../../catalog/readers/feed-local.ts'
import { maySee } from '../../catalog/policy.ts'
import type { TaskRun } from '../../contracts/tasks.ts'
import type { Lifetime } from '../../lib/lifetime.ts'
import { errorResponse, SERVER_ERROR } from '../../protocol/errors.ts'
import { callServer } from '../call.ts'
import type { McpRequest } from '../mcp-request.ts'
import { innerHeaders } from '../dispatch/inner-headers.ts'
import { TASK_RECORD_MAX_AGE_SECONDS } from '../limits.ts'
import { CatalogUnavailable, type Gateway } from '../ports.ts'
import { resourceOf } from '../resource-uri.ts'

/**
 * @param signal ends the attempt, where the runtime does not end it with the request
 * @returns the answer of the 2026-07-28 wire, or a refusal in the words of JSON-RPC
 */
export async function runAttempt(
  task: TaskRun,
  gateway: Gateway,
  lifetime: Lifetime,
  signal?: AbortSignal,
): Promise<Response> {
  try {
    return await run(task, gateway, lifetime, signal)
  } catch (error) {
    if (error instanceof CatalogUnavailable) return refuse(503, 'The catalog cannot be read')
    throw error
  }
}

async function run(
  { server: name, principalRecord, decision, body }: TaskRun,
  gateway: Gateway,
  lifetime: Lifetime,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { principal, grantId, provenAtSeconds } = principalRecord
  const nowSeconds = Math.floor(Date.now() / 1000)
  if (nowSeconds - provenAtSeconds > TASK_RECORD_MAX_AGE_SECONDS) return refuse(401, TOO_OLD)
  // An attempt may wait for the newest feed: a revocation is in force at once.
  const feed = await gateway.catalog.feed(lifetime, 0)
  const proven = { ...(grantId === undefined ? {} : { grantId }), issuedAtSeconds: provenAtSeconds }
  if (isRevoked(feed.view, proven)) return refuse(401, REVOKED)
  const server = await gateway.catalog.server(name, feed, lifetime, principal)
  if (!server || !maySee(principal, server.policy)) return refuse(404, HIDDEN)
  const { tool, run } = decision
  const mcp: McpRequest = {
    // Stands for the client's connection, which the task has outlived.
    request: new Request(resourceOf(gateway.publicOrigin, name)),
    gateway,
    lifetime,
    caller: {
      server: name,
      principal,
      ...proven,
      expiresAtSeconds: provenAtSeconds + TASK_RECORD_MAX_AGE_SECONDS,
    },
    server,
    feed,
    nowSeconds,
  }
  return callServer(mcp, {
    method: 'tools/call',
    name: tool,
    headers: innerHeaders(server.compiled, 'tools/call', tool, body),
    body,
    task: { run },
    ...(signal ? { signal } : {}),
  })
}

const REVOKED = 'The permission this task was started with was revoked'
const TOO_OLD = 'The permission this task was started with is too old; start it anew'
const HIDDEN = 'There is no such server, or it is not for you'

/** In the words of JSON-RPC, for the task's `error`; 503: nothing has run, ask again. */
const refuse = (status: number, message: string): Response =>
  errorResponse(null, { status, code: SERVER_ERROR, message })
