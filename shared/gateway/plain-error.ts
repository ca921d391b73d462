/** Refusals outside JSON-RPC: nothing of the request was understood as MCP yet. */
import { ANSWER_HEADERS } from '../protocol/answer-headers.ts'

/** @param description one sentence that says what to do */
export function plainError(status: number, error: string, description: string): Response {
  return Response.json(
    { error, error_description: description },
    { status, headers: ANSWER_HEADERS },
  )
}
