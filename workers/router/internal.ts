/**
 * `Internal`: what the objects Worker, and nobody else, may ask of the router. A named
 * entrypoint has no public route; only a binding reaches it, and only the objects
 * Worker has one. That is why a caller's record is believed here and nowhere else.
 *
 * An attempt of a task is decided on as if the call came now (DESIGN §2): revoked,
 * hidden or out of scope since the last one ends it before the server is asked.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { isRevoked } from '#shared/catalog/feed-local.ts'
import { maySee } from '#shared/catalog/policy.ts'
import { errorResponse, SERVER_ERROR } from '#shared/protocol/errors.ts'
import type { TaskRun } from '#shared/contracts/tasks.ts'
import { callServer } from '#shared/gateway/call.ts'
import { CatalogUnavailable } from './catalog/catalog-view.ts'
import type { Exchange } from '#shared/gateway/exchange.ts'
import { innerHeaders } from '#shared/gateway/inner-headers.ts'
import { TASK_RECORD_MAX_AGE_SECONDS } from '#shared/gateway/limits.ts'
import { resourceOf } from './match.ts'
import { platformOf } from './config.ts'

export class Internal extends WorkerEntrypoint<Cloudflare.Env> {
  /** `POST`, the body a {@link TaskRun}. By `fetch`, because that ends when its caller lets go. */
  override async fetch(request: Request): Promise<Response> {
    try {
      return await runTask(await request.json<TaskRun>(), this.env, this.ctx)
    } catch (error) {
      if (error instanceof CatalogUnavailable) return refuse(503, 'The catalog cannot be read')
      throw error
    }
  }
}

async function runTask(
  { server: name, principalRecord, decision, body }: TaskRun,
  env: Cloudflare.Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const { principal, grantId, provenAtSeconds } = principalRecord
  const nowSeconds = Math.floor(Date.now() / 1000)
  if (nowSeconds - provenAtSeconds > TASK_RECORD_MAX_AGE_SECONDS) return refuse(401, TOO_OLD)
  const platform = platformOf(env)
  // An attempt may wait for the newest feed: a revocation is in force at once.
  const feed = await platform.catalog.feed(ctx, 0)
  const proven = { ...(grantId === undefined ? {} : { grantId }), issuedAtSeconds: provenAtSeconds }
  if (isRevoked(feed.view, proven)) return refuse(401, REVOKED)
  const server = await platform.catalog.server(name, feed, ctx, principal)
  if (!server || !maySee(principal, server.policy)) return refuse(404, HIDDEN)
  const { tool, run } = decision
  const exchange: Exchange = {
    // Stands for the client's connection, which the task has outlived.
    request: new Request(resourceOf(platform.publicOrigin, name)),
    platform,
    ctx,
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
  return callServer(exchange, {
    method: 'tools/call',
    name: tool,
    headers: innerHeaders(server.compiled, 'tools/call', tool, body),
    body,
    task: { run },
  })
}

const REVOKED = 'The permission this task was started with was revoked'
const TOO_OLD = 'The permission this task was started with is too old; start it anew'
const HIDDEN = 'There is no such server, or it is not for you'

/** In the words of JSON-RPC, for the task's `error`; 503: nothing has run, ask again. */
const refuse = (status: number, message: string): Response =>
  errorResponse(null, { status, code: SERVER_ERROR, message })
