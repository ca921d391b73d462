/** `prompts/get` (2026-07-28 server/prompts): arguments are checked, the handler's messages too. */
import { errorResponse, invalidParams, type WireError } from '../../protocol/errors.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { DEFAULT_OUTPUT_BYTES, DEFAULT_TIMEOUT_MS } from '../author/limits.ts'
import { isArgumentList, type Prompt, type PromptArgument } from '../author/prompt.ts'
import { isContentBlock } from '../content.ts'
import { exceeds } from '../output.ts'
import { errorOf, failureOf, stopped, type Feature } from './feature.ts'
import { describeIssues, parse } from '../parse.ts'
import { readRetry, respond, type Call } from '../respond.ts'
import { failed, result, type Ending, type Work } from '../run/work.ts'

/** For the generated entry of a server with prompts. */
export const prompts: Feature = ({ server, metaJson, built }) => {
  const works = new Map<string, Work>()
  for (const [name, prompt] of Object.entries(server.prompts)) {
    works.set(name, {
      name,
      // No tool has a space in its name.
      bound: `prompt ${name}`,
      timeoutMs: prompt.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      readOnly: true,
      once: false,
      run: (args, context) => prompt.handler(args, context),
      answer: (value) =>
        answerOf({ name, description: prompt.description, metaJson }, value, built.name),
      failure: (error) => failureOf(built.name, name, error),
      stopped,
    })
  }
  return { 'prompts/get': { audience: 'callers', answer: (call) => getPrompt(works, call) } }
}

async function getPrompt(works: ReadonlyMap<string, Work>, call: Call): Promise<Response> {
  const { message, compiled } = call
  const refuse = (error: WireError): Response => errorResponse(message.id, error)
  const { name, arguments: rawArgs = {} } = message.params
  const work = typeof name === 'string' ? works.get(name) : undefined
  const prompt = work && compiled.server.prompts[work.name]
  if (!work || !prompt) return refuse(invalidParams(`Unknown prompt: ${String(name)}`))
  if (!isTexts(rawArgs)) {
    return refuse(invalidParams('Invalid prompts/get request: arguments must be texts'))
  }
  const retry = await readRetry(call, work, rawArgs)
  if (!retry.ok) return refuse(retry.failure)
  const args = await readArguments(compiled.built.name, work.name, prompt, rawArgs)
  if (!args.ok) return refuse(args.failure)
  return respond(call, { work, rawArgs, args: args.value, ...retry.value })
}

export const isTexts = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((item) => typeof item === 'string')

async function readArguments(
  server: string,
  name: string,
  { input }: Prompt,
  given: Record<string, string>,
): Promise<Result<JsonObject, WireError>> {
  if (input === undefined) return ok({})
  if (isArgumentList(input)) return readListed(name, input, given)
  try {
    const parsed = await parse(input, given)
    if (parsed.success) return ok(parsed.data)
    const issues = describeIssues(parsed.error.issues)
    return fail(invalidParams(`Invalid arguments for prompt ${name}:\n${issues}`))
  } catch (error) {
    // An author's own refinement or transform threw.
    return fail(errorOf(server, name, error))
  }
}

/** Only what was declared goes on. */
function readListed(
  prompt: string,
  listed: readonly PromptArgument[],
  given: Record<string, string>,
): Result<JsonObject, WireError> {
  const args: JsonObject = {}
  for (const { name, required } of listed) {
    if (Object.hasOwn(given, name)) args[name] = given[name]
    else if (required) return fail(invalidParams(`Prompt ${prompt} needs the argument "${name}"`))
  }
  return ok(args)
}

interface Named {
  readonly name: string
  readonly description: string
  readonly metaJson: string
}

function answerOf({ name, description, metaJson }: Named, value: unknown, server: string): Ending {
  try {
    const messages = JSON.stringify(messagesOf(value))
    const json = `{"resultType":"complete","description":${JSON.stringify(description)},"messages":${messages},"_meta":{${metaJson}}}`
    return exceeds(json, DEFAULT_OUTPUT_BYTES) ? failed(tooLarge(name)) : result(json)
  } catch (error) {
    return failureOf(server, name, error)
  }
}

const tooLarge = (name: string): WireError =>
  invalidParams(
    `The answer of "${name}" is larger than ${DEFAULT_OUTPUT_BYTES} bytes; ask for less`,
  )

/** @throws TypeError for what is neither text nor messages */
function messagesOf(value: unknown): unknown[] {
  if (typeof value === 'string') {
    return [{ role: 'user', content: { type: 'text', text: value } }]
  }
  if (!Array.isArray(value)) throw new TypeError('a prompt answers text or an array of messages')
  const odd = value.findIndex(
    (message: unknown) =>
      !isObject(message) ||
      (message['role'] !== 'user' && message['role'] !== 'assistant') ||
      !isContentBlock(message['content']),
  )
  if (odd >= 0) throw new TypeError(`messages[${odd}] is not { role, content } of MCP`)
  return value
}
