/**
 * Questions of a server as requests to a 2025 client (client/elicitation, sampling,
 * roots of 2025-11-25). The round is stored, questions included, before anything
 * is shown; who holds the client's stream gets them from the Session.
 */
import { requestJson } from '../../../protocol/revisions/2025-11-25/messages.ts'
import { isObject, type JsonObject } from '../../../protocol/jsonrpc.ts'
import type { LegacyVersion } from '../../../protocol/versions.ts'
import { randomId } from '../../../lib/random-id.ts'
import { fail, ok, type Result } from '../../../lib/result.ts'
import { sessionObjectName, type OpenRound } from '../../../contracts/entrypoints.ts'
import { masked, type Step } from '../call.ts'
import { needOf } from '../capabilities.ts'
import type { LegacyInput } from '../input.ts'
import { QUESTIONS_PER_ROUND_MAX } from '../limits.ts'
import { STORED_TEXT_MAX_BYTES } from '../../../contracts/session-limits.ts'
import { legacyForm, needsNewerForms } from '../legacy-form.ts'
import { failureJson } from './pending-call.ts'
import type { LegacySession } from '../session-id.ts'

/** Tells our questions' ids from any other response a client might post. */
const QUESTION_PREFIX = 'ask-'
const QUESTION_ID = /^ask-[A-Za-z0-9_-]{22}$/

export const isQuestionId = (id: unknown): id is string =>
  typeof id === 'string' && QUESTION_ID.test(id)

/** Names the session's object: whose it is stands in the name. */
export function objectNameOf({ principal }: LegacyInput, { id }: LegacySession): string {
  return sessionObjectName(principal.tenant, principal.subject, id)
}

/** A stub of the session's object; making one touches nothing. */
export const sessionStub = (input: LegacyInput, session: LegacySession) =>
  input.sessions(objectNameOf(input, session))

export type Ask = Extract<Step, { kind: 'ask' }>

/**
 * Opens a round: of a new run, or the next one of a run that was claimed.
 *
 * @returns the final answer to give instead, as JSON text, when nothing can be asked
 */
export async function openRound(
  input: LegacyInput,
  session: LegacySession,
  run: Pick<OpenRound, 'runId' | 'call' | 'shown'>,
  ask: Ask,
): Promise<Result<void, string>> {
  const { call } = run
  const round = roundOf(session, run, ask)
  if (!round.ok) return round
  if (byteLength(JSON.stringify(call)) > STORED_TEXT_MAX_BYTES) {
    const text = 'The arguments of this call are too large to be kept while a question is open'
    return fail(failureJson(call, text))
  }
  const outcome = await sessionStub(input, session).ask(round.value)
  switch (outcome) {
    case 'asked':
      return ok(undefined)
    case 'too_many':
      return fail(failureJson(call, 'Too many questions are open in this session'))
    case 'gone':
      return fail(masked(call.requestId, new Error('the run ended between two rounds')).text)
  }
}

function roundOf(
  session: LegacySession,
  run: Pick<OpenRound, 'runId' | 'call' | 'shown'>,
  { requests, requestState }: Ask,
): Result<OpenRound, string> {
  const { call } = run
  const broken = (detail: string) => fail(masked(call.requestId, new Error(detail)).text)
  const entries = Object.entries(requests)
  if (entries.length > QUESTIONS_PER_ROUND_MAX) return broken('too many questions in one round')
  const questions: Record<string, string> = {}
  const events: string[] = []
  for (const [key, entry] of entries) {
    if (!isObject(entry) || typeof entry['method'] !== 'string') return broken('no question')
    const { method, params } = entry
    if (params !== undefined && !isObject(params)) return broken('a question with odd params')
    const need = needOf(method, params)
    if (!need) return broken(`a question of unknown kind ${method}`)
    if (!session.flags.includes(need.flag)) {
      return fail(failureJson(call, need.missing))
    }
    if (session.version < '2025-11-25' && needsNewerForms(params)) {
      return fail(failureJson(call, 'Client does not support forms with multiple choices.'))
    }
    const id = `${QUESTION_PREFIX}${randomId()}`
    questions[id] = key
    const event = requestJson(id, method, legacyParams(params, session.version))
    if (byteLength(event) > STORED_TEXT_MAX_BYTES) return broken('a question that is too large')
    events.push(event)
  }
  return ok({ ...run, requestState, questions, events })
}

/** A url question needs an id of its own in 2025-11-25; before it, forms had no `mode` and fewer fields. */
function legacyParams(
  params: JsonObject | undefined,
  version: LegacyVersion,
): JsonObject | undefined {
  if (params?.['mode'] === 'url') return { elicitationId: randomId(), ...params }
  if (params?.['mode'] !== 'form' || version >= '2025-11-25') return params
  const { mode: _mode, requestedSchema, ...rest } = params
  return { ...rest, requestedSchema: legacyForm(requestedSchema) }
}

const encoder = new TextEncoder()
export const byteLength = (text: string): number => encoder.encode(text).byteLength
