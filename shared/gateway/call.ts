/**
 * One call of a server, of either era: decide → limit → dispatch → record. The answer
 * is of the 2026-07-28 wire, or the gateway's refusal.
 */
import { readAttachment } from './dispatch/attachments.ts'
import { refuse } from './decide/decide.ts'
import { answerOf, dispatch } from './dispatch/dispatch.ts'
import { limit } from './limit.ts'
import type { McpRequest, ServerCall } from './mcp-request.ts'
import { recordAnswer, recordRefusal } from './record/record.ts'
import { isAttachment } from './decide/target.ts'
import { idOf } from './unavailable.ts'

export async function callServer(mcp: McpRequest, call: ServerCall): Promise<Response> {
  const startedMs = mcp.gateway.clock.nowMs()
  const refusal = await refuseCall(mcp, call)
  if (refusal) return refusal
  const { method, name } = call
  if (isAttachment(method, name)) {
    const read = await readAttachment(mcp, name ?? '', idOf(call.body))
    return recordAnswer(mcp, call, startedMs, {
      server: mcp.server,
      answer: read,
      isError: !read.ok,
    })
  }
  const dispatched = await dispatch(mcp, call)
  if (dispatched instanceof Response) {
    recordRefusal(mcp, call, dispatched.status, startedMs)
    return dispatched
  }
  const { server, outcome } = dispatched
  const answer = answerOf(outcome, mcp, call)
  const isError = outcome.kind !== 'answer' || outcome.isError
  return recordAnswer(mcp, call, startedMs, { server, answer, isError, outcome: outcome.kind })
}

/** Decides and limits a call that is not sent now (a task begins), and records a refusal. */
export async function refuseCall(mcp: McpRequest, call: ServerCall): Promise<Response | undefined> {
  const startedMs = mcp.gateway.clock.nowMs()
  const refusal = (await refuse(mcp, mcp.server, call)) ?? (await limit(mcp, call))
  if (refusal) recordRefusal(mcp, call, refusal.status, startedMs)
  return refusal
}
