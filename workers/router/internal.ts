/**
 * `Internal`: what the objects Worker alone may ask of the router. A named
 * entrypoint has no public route; only a binding reaches it, and only the objects
 * Worker has one. That is why a caller's record is believed here and nowhere else.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { TaskRun } from '#shared/contracts/tasks.ts'
import { runAttempt } from '#shared/gateway/tasks/attempt.ts'
import { configOf } from './config.ts'

export class Internal extends WorkerEntrypoint<Cloudflare.Env> {
  /** `POST`, the body a {@link TaskRun}. By `fetch`, because that ends when its caller lets go. */
  override async fetch(request: Request): Promise<Response> {
    return runAttempt(await request.json<TaskRun>(), configOf(this.env), this.ctx)
  }
}
