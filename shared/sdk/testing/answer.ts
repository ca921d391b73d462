/** How a test sees the end of a call: an answer of the tool, or a refusal that never reached it. */
import { ERROR_META_KEY } from '../../engine/output.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { ContentBlock } from '../../engine/author/content.ts'
import type { ToolErrorOptions } from '../../engine/author/error.ts'

export interface Progress {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/** What the model would read, and what came on the way there. */
export interface TestAnswer {
  /** The text blocks, one under the other. */
  readonly text: string
  readonly content: readonly ContentBlock[]
  /** `structuredContent`: of a tool with an `output` schema. */
  readonly structured: unknown
  /** The tool threw, or its arguments did not fit. */
  readonly isError: boolean
  /** `code`, `retryable`, `retryAfterMs` and `hint` of a ToolError. */
  readonly error: ToolErrorOptions | undefined
  readonly progress: readonly Progress[]
  readonly logs: readonly { level: string; data: unknown }[]
}

/** The protocol's no: unknown tool, missing scope, missing client capability, malformed request. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused'
  /** JSON-RPC code, or the OAuth error such as `insufficient_scope`. */
  readonly code: number | string
  /** HTTP status. */
  readonly status: number

  constructor(status: number, code: number | string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** @param result of a `tools/call`, in the form of either era */
export function answerFrom(
  result: JsonObject,
  seen: Pick<TestAnswer, 'progress' | 'logs'>,
): TestAnswer {
  const content = (result['content'] ?? []) as ContentBlock[]
  const meta = isObject(result['_meta']) ? result['_meta'] : {}
  return {
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n'),
    content,
    structured: result['structuredContent'],
    isError: result['isError'] === true,
    error: meta[ERROR_META_KEY] as ToolErrorOptions | undefined,
    ...seen,
  }
}

/** @throws CallRefused for a JSON-RPC error and for the router's own refusal (RFC 6750 §3.1) */
export function resultOf(status: number, message: unknown): JsonObject {
  if (isObject(message)) {
    const { result, error, error_description: description } = message
    if (isObject(result)) return result
    if (isObject(error)) {
      throw new CallRefused(status, Number(error['code']), String(error['message']))
    }
    if (typeof error === 'string') throw new CallRefused(status, error, String(description))
  }
  throw new Error(`The answer (HTTP ${status}) is no JSON-RPC: ${JSON.stringify(message)}`)
}
