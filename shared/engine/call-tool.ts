/**
 * `tools/call`: from checked headers and body to a run, and from its reply to
 * plain JSON, or to an event stream when it reports progress or takes longer
 * than a second (DESIGN §4.5).
 */
import { logEvent } from '../log.ts'
import type { ModernRequest } from '../protocol/2026-07-28/ladder.ts'
import { successResponse } from '../protocol/2026-07-28/results.ts'
import { errorResponse, invalidParams, type WireError } from '../protocol/errors.ts'
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Caller } from './caller.ts'
import type { Compiled, CompiledTool } from './compile.ts'
import { JSON_PATIENCE_MS, QUICK_TURNS } from './limits.ts'
import { failureOf, toolFailure } from './output.ts'
import { describeIssues, parse } from './parse.ts'
import { openState, type RunState } from './request-state.ts'
import { Run, type Reply } from './run.ts'

export interface Call {
  readonly compiled: Compiled
  readonly caller: Caller
  readonly message: ModernRequest
  readonly request: Request
  readonly env: Cloudflare.Env
}

export async function callTool(call: Call): Promise<Response> {
  const { compiled, message } = call
  const refuse = (error: WireError): Response => errorResponse(message.id, error)
  const { name, arguments: rawArgs = {} } = message.params
  if (typeof name !== 'string') {
    return refuse(invalidParams('Invalid tools/call request: name must be a string'))
  }
  if (!isObject(rawArgs)) {
    return refuse(invalidParams('Invalid tools/call request: arguments must be an object'))
  }
  const tool = compiled.tools.get(name)
  if (!tool) return refuse(invalidParams(`Tool ${name} not found`))
  const retry = await readRetry(call, tool, rawArgs)
  if (!retry.ok) return refuse(retry.failure)
  const args = await readArguments(compiled, tool, rawArgs)
  if (!args.ok) return successResponse(message.id, args.failure)
  const run = new Run({ ...call, tool, rawArgs, args: args.value, ...retry.value })
  run.start()
  for (let turn = 0; turn < QUICK_TURNS && !run.reply; turn++) await undefined
  return run.reply && !run.events.hasEvents ? jsonOf(run.reply) : stretch(run, tool.timeoutMs)
}

/** @returns the arguments, or the JSON text of a result that tells the model what is wrong */
async function readArguments(
  compiled: Compiled,
  compiledTool: CompiledTool,
  rawArgs: JsonObject,
): Promise<Result<JsonObject, string>> {
  const { name, tool } = compiledTool
  if (!tool.input) return ok({})
  try {
    const parsed = await parse(tool.input, rawArgs)
    if (parsed.success) return ok(parsed.data)
    const issues = describeIssues(parsed.error.issues)
    return fail(toolFailure(compiled.metaJson, `Invalid arguments for tool ${name}:\n${issues}`))
  } catch (error) {
    // An author's own refinement or transform threw.
    return fail(failureOf(compiled, compiledTool, error))
  }
}

interface Retry {
  readonly state: RunState | undefined
  readonly responses: JsonObject | undefined
}
const FIRST_ROUND = ok<Retry>({ state: undefined, responses: undefined })

/** A retry carries answers and the state they belong to; a bad state is an error, never a re-prompt. */
async function readRetry(
  { caller, message, compiled }: Call,
  { name }: CompiledTool,
  args: JsonObject,
): Promise<Result<Retry, WireError>> {
  const { requestState, inputResponses } = message.params
  if (requestState === undefined && inputResponses === undefined) return FIRST_ROUND
  if (inputResponses !== undefined && !isObject(inputResponses)) {
    return fail(invalidParams('Invalid tools/call request: inputResponses must be an object'))
  }
  if (requestState === undefined) return ok({ state: undefined, responses: inputResponses })
  const { principal, decision } = caller
  const opened =
    typeof requestState === 'string' && decision.seal
      ? await openState(
          decision.seal,
          { principal, tool: name, args },
          requestState,
          Math.floor(Date.now() / 1000),
        )
      : fail({ reason: 'unsealable' })
  if (opened.ok) return ok({ state: opened.value, responses: inputResponses })
  const { reason } = opened.failure
  logEvent('request_state_refused', { server: compiled.built.name, tool: name, reason })
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

const JSON_HEADERS = { 'content-type': 'application/json' }

const jsonOf = ({ status, json }: Reply): Response =>
  new Response(json, { status, headers: JSON_HEADERS })
