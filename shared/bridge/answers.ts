/**
 * A client's answer to a question: it comes in a POST of its own, at any isolate.
 * Of all invocations that see a round complete, the Session gives the run to
 * exactly one; that one answers 202 and goes on under `waitUntil`, with its own
 * caller's rights, and hands what comes to the Session.
 */
import { bodyTooLarge, errorResponse } from '../protocol/errors.ts'
import type { JsonRpcFailure, JsonRpcSuccess } from '../protocol/jsonrpc.ts'
import { cancelledJson } from '../protocol/2025-11-25/messages.ts'
import type { AnswerOutcome, PendingCall } from '../rpc.ts'
import { callInner, masked, refusalJson } from './call.ts'
import type { LegacyInput } from './input.ts'
import { CONTINUATION_MAX_MS, STORED_TEXT_MAX_BYTES } from './limits.ts'
import { failureJson, type RoundAnswers } from './pending-call.ts'
import { byteLength, isQuestionId, openRound, sessionStub, type Ask } from './questions.ts'
import type { LegacySession } from './session-id.ts'

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
  const run = new Run(input, session, runId, call)
  try {
    if (claim.status === 'claimed') {
      const { requestState, inputResponses } = claim
      await run.continue({ requestState, inputResponses })
    } else {
      const withdrawn = claim.withdrawn.map((id) => cancelledJson(id, 'No longer needed'))
      const text = `Fulfilling input required by '${call.method}' failed: ${claim.message}`
      await run.end(failureJson(call, text), withdrawn)
    }
  } catch (error) {
    // The Session itself may be what failed; then its alarm ends the run.
    const end = masked(call.requestId, error)
    await run.end(end.text).catch(() => undefined)
  }
}

/** A claimed run: what its continuation says goes to the Session. */
class Run {
  readonly #input: LegacyInput
  readonly #session: LegacySession
  readonly #runId: string
  readonly #call: PendingCall

  constructor(input: LegacyInput, session: LegacySession, runId: string, call: PendingCall) {
    this.#input = input
    this.#session = session
    this.#runId = runId
    this.#call = call
  }

  async continue(answers: RoundAnswers): Promise<void> {
    const answered = await callInner(
      {
        forward: this.#input.call,
        pending: this.#call,
        version: this.#session.version,
        signal: AbortSignal.timeout(CONTINUATION_MAX_MS),
      },
      answers,
    )
    if (answered.kind === 'refused') {
      await this.end(await refusalJson(this.#call.requestId, answered.response))
      return
    }
    for await (const step of answered.steps) {
      switch (step.kind) {
        case 'alive':
          break
        case 'event':
          // Too large to keep, and only a notification: the answer matters more.
          if (byteLength(step.text) > STORED_TEXT_MAX_BYTES) break
          if (!(await this.#emit([step.text], false))) return
          break
        case 'final':
          await this.end(step.text)
          return
        case 'lacks':
          await this.end(failureJson(this.#call, step.text))
          return
        case 'ask':
          await this.#ask(step)
          return
      }
    }
  }

  /** The next round: whoever answers it goes on from there. */
  async #ask(ask: Ask): Promise<void> {
    const opened = await openRound(this.#input, this.#session, this.#runId, this.#call, ask)
    if (!opened.ok) await this.end(opened.failure)
  }

  async end(finalText: string, before: string[] = []): Promise<void> {
    const fits = byteLength(finalText) <= STORED_TEXT_MAX_BYTES
    const text = fits ? finalText : failureJson(this.#call, TOO_LARGE)
    await this.#emit([...before, text], true)
  }

  #emit(events: string[], done: boolean): Promise<boolean> {
    return sessionStub(this.#input, this.#session).emit(this.#runId, events, done)
  }
}

const TOO_LARGE =
  'The result is too large to be delivered after a question; ask for less, or in parts'
