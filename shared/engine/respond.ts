/**
 * One run and its answer: plain JSON, or an event stream when it reports progress
 * or takes longer than a second (DESIGN §4.5). The same for all that runs.
 */
import { logEvent } from '../lib/log.ts'
import type { ModernRequest } from '../protocol/revisions/2026-07-28/ladder.ts'
import { invalidParams, type WireError } from '../protocol/errors.ts'
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { OUTCOME_HEADER } from '../contracts/inner-wire.ts'
import type { Caller } from './caller.ts'
import type { Compiled, Reply, RunInput } from './run/run-model.ts'
import { JSON_PATIENCE_MS, QUICK_TURNS } from './limits.ts'
import { openState, type RunState } from './run/request-state.ts'
import { Run } from './run/run.ts'
import type { Work } from './run/work.ts'

export interface Call {
  readonly compiled: Compiled
  readonly caller: Caller
  readonly message: ModernRequest
  readonly request: Request
  readonly env: Cloudflare.Env
}

/** Runs, and answers as soon as there is something to say. */
export async function respond(call: Call, input: Omit<RunInput, keyof Call>): Promise<Response> {
  const run = new Run({ ...call, ...input })
  run.start()
  for (let turn = 0; turn < QUICK_TURNS && !run.reply; turn++) await undefined
  return run.reply && !run.events.hasEvents ? jsonOf(run.reply) : stretch(run, input.work.timeoutMs)
}

export interface Retry {
  readonly state: RunState | undefined
  readonly responses: JsonObject | undefined
}
const FIRST_ROUND = ok<Retry>({ state: undefined, responses: undefined })

/** A retry carries answers and the state they belong to; a bad state is an error, never a re-prompt. */
export async function readRetry(
  { caller, message, compiled }: Call,
  { name, bound }: Pick<Work, 'name' | 'bound'>,
  args: JsonObject,
): Promise<Result<Retry, WireError>> {
  const { requestState, inputResponses } = message.params
  if (requestState === undefined && inputResponses === undefined) return FIRST_ROUND
  if (inputResponses !== undefined && !isObject(inputResponses)) {
    return fail(
      invalidParams(`Invalid ${message.method} request: inputResponses must be an object`),
    )
  }
  if (requestState === undefined) return ok({ state: undefined, responses: inputResponses })
  const { principal, decision } = caller
  const opened =
    typeof requestState === 'string' && decision.seal
      ? await openState(
          decision.seal,
          { principal, bound, args },
          requestState,
          Math.floor(Date.now() / 1000),
        )
      : fail({ reason: 'unsealable' })
  if (opened.ok) return ok({ state: opened.value, responses: inputResponses })
  const { reason } = opened.failure
  logEvent('request_state_refused', { server: compiled.built.name, name, reason })
  return fail(invalidParams('Invalid or expired requestState', { reason: 'invalid_request_state' }))
}

/** Waits for a run that is not done at once. */
function stretch(run: Run, timeoutMs: number): Promise<Response> {
  return new Promise((resolve) => {
    const upgrade = (): void => {
      if (!run.events.isOpen) resolve(run.events.open(() => run.disconnect()))
    }
    if (run.events.hasEvents) upgrade()
    else run.events.onFirstEvent = upgrade
    const settled = (reply: Reply): void => {
      clearTimeout(patience)
      clearTimeout(deadline)
      if (run.events.isOpen) run.events.finish(reply.json)
      else resolve(jsonOf(reply))
    }
    const patience = setTimeout(upgrade, JSON_PATIENCE_MS)
    const deadline = setTimeout(() => run.expire(), timeoutMs)
    if (run.reply) settled(run.reply)
    else run.onSettled = settled
  })
}

const encoder = new TextEncoder()
/** Text of which a character is a byte. */
const ASCII = /^[ -~]*$/

/** With its length, so that the router can hand the answer on unread. */
function jsonOf({ status, json, isError }: Reply): Response {
  const body = ASCII.test(json) ? json : encoder.encode(json)
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(body.length),
  }
  if (isError) headers[OUTCOME_HEADER] = 'error'
  return new Response(body, { status, headers })
}
