/**
 * Step 7 of the request path: what is counted of a call, when its answer is there.
 * Must never delay or fail it. Refusals before the server are not counted.
 */
import type { Sent } from './call.ts'
import type { Exchange } from './exchange.ts'

/** @param latencyMs until the answer, or the first event of a stream */
export function record(
  { platform, ctx }: Exchange,
  { server, sent }: Sent,
  latencyMs: number,
): void {
  const { name, arm, hasCanary } = server
  const isError = sent.kind !== 'answer' || sent.isError
  platform.usage.count({ server: name, arm, hasCanary, isError, latencyMs }, ctx)
}
