/** `tools/call`: from checked headers and body to a run of the tool. */
import { successResponse } from '../protocol/revisions/2026-07-28/results.ts'
import { errorResponse, invalidParams, type WireError } from '../protocol/errors.ts'
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { claimAnswers } from './run/claim.ts'
import type { Compiled, CompiledTool } from './run/run-model.ts'
import { failureOf, toolFailure } from './output.ts'
import { OUTCOME_HEADER } from '../contracts/inner-wire.ts'
import { isJsonSchema } from './author/json-schema-input.ts'
import { MAX_PROBLEMS_CHARS, MAX_REPORTED_ISSUES } from './limits.ts'
import { describeIssues, parse } from './parse.ts'
import { readRetry, respond, type Call } from './respond.ts'

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
  if (!args.ok) {
    const answer = successResponse(message.id, args.failure)
    answer.headers.set(OUTCOME_HEADER, 'error')
    return answer
  }
  const { state } = retry.value
  const used = state && (await claimAnswers({ ...call, work: tool }, state))
  if (used) return refuse(used)
  return respond(call, { work: tool, rawArgs, args: args.value, ...retry.value })
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
    const { input } = tool
    let issues: string
    if (isJsonSchema(input)) {
      const problems = input.problems(rawArgs)
      if (problems.length === 0) return ok(rawArgs)
      issues = problems.slice(0, MAX_REPORTED_ISSUES).join('\n').slice(0, MAX_PROBLEMS_CHARS)
    } else {
      const parsed = await parse(input, rawArgs)
      if (parsed.success) return ok(parsed.data)
      issues = describeIssues(parsed.error.issues)
    }
    return fail(toolFailure(compiled.metaJson, `Invalid arguments for tool ${name}:\n${issues}`))
  } catch (error) {
    // An author's own refinement or transform threw.
    return fail(failureOf(compiled, compiledTool, error))
  }
}
