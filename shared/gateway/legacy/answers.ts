/**
 * A client's answer to a question: it comes in a POST of its own, at any isolate.
 * Of all invocations that see a round complete, the Session gives the run to
 * exactly one; that one answers 202 and goes on under `waitUntil`, with its own
 * caller's rights, and hands what comes to the Session.
 */
import { bodyTooLarge, errorResponse } from '../../protocol/errors.ts'
import type { JsonRpcFailure, JsonRpcSuccess } from '../../protocol/jsonrpc.ts'
import { cancelledJson } from '../../protocol/revisions/2025-11-25/messages.ts'
import type { AnswerOutcome } from '../../contracts/entrypoints.ts'
import { callInner, masked, refusalJson } from './call.ts'
import type { LegacyInput } from './input.ts'
import { CANCEL_CHECK_MS, CONTINUATION_MAX_MS } from './limits.ts'
import { STORED_TEXT_MAX_BYTES } from '../../contracts/session-limits.ts'
import { pace } from './run/pace.ts'
import { failureJson, type RoundAnswers } from './run/pending-call.ts'
import { byteLength, isQuestionId, openRound, sessionStub } from './run/questions.ts'
import type { LegacySession } from './session-id.ts'
import { StoredRun } from './run/stored-run.ts'
import { taskMark } from './run/task-mark.ts'

const accepted = (): Response => new Response(null, { status: 202 })

/** An answer nobody waits for is accepted and forgotten, as the official SDK 1.x does. */
export async function receiveAnswer(
  input: LegacyInput,
  session: LegacySession,
  message: JsonRpcSuccess | JsonRpcFailure,
): Promise<Response> {
  const { id } = message
  // Every other response belongs to no question of ours: no object is woken for it.
  if (!isQuestionId(id)) return accepted()
  if (byteLength(input.body) > STORED_TEXT_MAX_BYTES) {
    return errorResponse(null, bodyTooLarge(STORED_TEXT_MAX_BYTES))
  }
  const answer =
    'error' in message
      ? { error: { code: message.error.code, message: message.error.message } }
      : { result: message.result }
  const outcome = await sessionStub(input, session).answer(id, answer)
  if (outcome.status === 'claimed' || outcome.status === 'failed') {
    input.waitUntil(goOn(input, session, outcome))
  }
  return accepted()
}

type Claim = Extract<AnswerOutcome, { status: 'claimed' | 'failed' }>

async function goOn(input: LegacyInput, session: LegacySession, claim: Claim): Promise<void> {
  const { runId, call } = claim
  const stored = new StoredRun(input, session, runId, call)
  try {
    if (claim.status === 'claimed') {
      const { requestState, inputResponses } = claim
      await proceed(input, session, claim, stored, { requestState, inputResponses })
    } else {
      const withdrawn = claim.withdrawn.map((id) => cancelledJson(id, 'No longer needed'))
      const text = `Fulfilling input required by '${call.method}' failed: ${claim.message}`
      await stored.end(failureJson(call, text), withdrawn)
    }
  } catch (error) {
    // The Session itself may be what failed; then its alarm ends the run.
    const end = masked(call.requestId, error)
    await stored.end(end.text).catch(() => undefined)
  }
}

async function proceed(
  input: LegacyInput,
  session: LegacySession,
  { runId, call }: Claim,
  stored: StoredRun,
  answers: RoundAnswers,
): Promise<void> {
  const answered = await callInner(
    {
      forward: input.call,
      pending: call,
      version: session.version,
      signal: AbortSignal.timeout(CONTINUATION_MAX_MS),
    },
    answers,
  )
  if (answered.kind === 'refused') {
    await stored.end(await refusalJson(call.requestId, answered.response))
    return
  }
  if (answered.taskId !== undefined) {
    // It needs no invocation to go on: whoever holds the client's stream looks there.
    await stored.end(taskMark(answered.taskId, call))
    await answered.steps.return()
    return
  }
  const isDue = pace(CANCEL_CHECK_MS)
  for await (const step of answered.steps) {
    switch (step.kind) {
      case 'pause':
        break
      case 'alive':
        if (isDue() && !(await stored.isWanted())) return
        break
      case 'event':
        if (!(await stored.notify(step.text))) return
        break
      case 'final':
        await stored.end(step.text)
        return
      case 'lacks':
        await stored.end(failureJson(call, step.text))
        return
      case 'ask': {
        // The next round: whoever answers it goes on from there.
        const opened = await openRound(input, session, { runId, call }, step)
        if (!opened.ok) await stored.end(opened.failure)
        return
      }
    }
  }
}
