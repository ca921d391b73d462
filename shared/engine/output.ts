/**
 * From what a handler returned or threw to a `CallToolResult` in JSON text.
 * An answer is validated, bounded and never cut. What the author got wrong
 * (output of another shape, a value JSON has no words for) is masked: the model
 * can do nothing about it; the log line says what it was.
 */
import { logEvent, logUnexpected } from '../lib/log.ts'
import { isObject } from '../protocol/jsonrpc.ts'
import type { ContentBlock } from './author/content.ts'
import { ToolError } from './author/error.ts'
import type { Compiled, CompiledTool } from './run/run-model.ts'
import { isContentBlock } from './content.ts'
import { describeIssues, parse } from './parse.ts'

/** Where clients find `code`, `retryable`, `retryAfterMs` and `hint` of a ToolError. */
export const ERROR_META_KEY = 'mcp-edge/error'

/** The answer of a handler that came to an end. */
export async function answerOf(
  { metaJson, built }: Compiled,
  compiled: CompiledTool,
  value: unknown,
): Promise<string> {
  const { name, tool } = compiled
  try {
    const json = tool.output
      ? await structured(metaJson, tool.output, value)
      : complete(metaJson, contentOf(value))
    return bounded(metaJson, built.name, compiled, json)
  } catch (error) {
    return masked(metaJson, error, { server: built.name, tool: name })
  }
}

/** The answer of a handler that threw. */
export function failureOf(
  { metaJson, built }: Compiled,
  compiled: CompiledTool,
  error: unknown,
): string {
  if (!(error instanceof ToolError)) {
    return masked(metaJson, error, { server: built.name, tool: compiled.name })
  }
  const { hint, retryAfterMs } = error.options
  const lines = [error.message]
  if (hint !== undefined) lines.push(hint)
  if (retryAfterMs !== undefined) lines.push(`Retry in ${Math.ceil(retryAfterMs / 1000)} s.`)
  const meta =
    Object.keys(error.options).length === 0
      ? metaJson
      : `${metaJson},"${ERROR_META_KEY}":${JSON.stringify(error.options)}`
  return bounded(metaJson, built.name, compiled, toolFailure(meta, lines.join('\n')))
}

/** The answer, or one that says how to get a smaller one: never a part. */
function bounded(
  metaJson: string,
  server: string,
  { name, maxOutputBytes }: CompiledTool,
  json: string,
): string {
  if (!exceeds(json, maxOutputBytes)) return json
  logEvent('answer_too_large', {
    server,
    tool: name,
    maxOutputBytes,
    remedy: 'answer less, raise maxOutputBytes, or store it: context.attach(name, body, type)',
  })
  return toolFailure(
    metaJson,
    `The answer of "${name}" is larger than its bound of ${maxOutputBytes} bytes and was not sent. ` +
      'Ask for less: a narrower query, fewer items, or one page at a time.',
  )
}

/** A result with `isError`, in words for the model. */
export const toolFailure = (metaJson: string, text: string): string =>
  `{"resultType":"complete","content":[{"type":"text","text":${JSON.stringify(text)}}],"isError":true,"_meta":{${metaJson}}}`

function masked(
  metaJson: string,
  error: unknown,
  fields: { server: string; tool: string },
): string {
  const ref = logUnexpected('tool_failed', error, fields)
  return toolFailure(metaJson, `Internal error (ref ${ref})`)
}

const complete = (metaJson: string, contentJson: string): string =>
  `{"resultType":"complete","content":${contentJson},"_meta":{${metaJson}}}`

const textContent = (text: string): string => `[{"type":"text","text":${JSON.stringify(text)}}]`

async function structured(
  metaJson: string,
  schema: NonNullable<CompiledTool['tool']['output']>,
  value: unknown,
): Promise<string> {
  const parsed = await parse(schema, value)
  if (!parsed.success) {
    throw new TypeError(
      `the answer does not fit the output schema:\n${describeIssues(parsed.error.issues)}`,
    )
  }
  const json = jsonOf(parsed.data)
  return `{"resultType":"complete","content":${textContent(json)},"structuredContent":${json},"_meta":{${metaJson}}}`
}

/** @throws TypeError for what is neither text, nor content blocks, nor JSON */
function contentOf(value: unknown): string {
  if (typeof value === 'string') return textContent(value)
  if (value === undefined || value === null) return '[]'
  if (isContentResult(value)) {
    const wrong = value.content.findIndex((block) => !isContentBlock(block))
    if (wrong >= 0) throw new TypeError(`content[${wrong}] is not an MCP content block`)
    return jsonOf(value.content)
  }
  return textContent(jsonOf(value))
}

/** Exactly `{ content: [...] }`: any other object is data, whatever members it has. */
const isContentResult = (value: unknown): value is { content: ContentBlock[] } =>
  isObject(value) && Array.isArray(value['content']) && Object.keys(value).length === 1

/** @throws TypeError when JSON has no words for the value */
function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) throw new TypeError(`a ${typeof value} is not JSON`)
  return json
}

const encoder = new TextEncoder()

/** Counted in UTF-8, but only where a count of characters cannot decide. */
export function exceeds(json: string, maxBytes: number): boolean {
  if (json.length > maxBytes) return true
  return json.length * 3 > maxBytes && encoder.encode(json).byteLength > maxBytes
}
