/**
 * Tool content and tool lists for clients whose revision lacks a kind: clients of
 * that time reject the whole answer over one block they do not know, so the block
 * becomes text that says the same.
 */
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'
import type { LegacyVersion } from '../protocol/versions.ts'
import { LEGACY_LISTS_KEPT } from './limits.ts'

/** Content blocks and the first revision that knows them (changelogs of 2025-03-26 and 2025-06-18). */
const SINCE: ReadonlyMap<unknown, LegacyVersion> = new Map([
  ['audio', '2025-03-26'],
  ['resource_link', '2025-06-18'],
])

export function legacyContent(content: unknown, version: LegacyVersion): unknown[] {
  if (!Array.isArray(content)) return []
  return content.map((block: unknown) => {
    if (!isObject(block)) return block
    const since = SINCE.get(block['type'])
    return since === undefined || version >= since ? block : asText(block)
  })
}

/** Messages of `prompts/get`: each has one block. */
export function legacyMessages(messages: unknown, version: LegacyVersion): unknown[] {
  if (!Array.isArray(messages)) return []
  return messages.map((message: unknown) =>
    isObject(message)
      ? { ...message, content: legacyContent([message['content']], version)[0] }
      : message,
  )
}

function asText(block: JsonObject): JsonObject {
  if (block['type'] === 'resource_link') {
    return { type: 'text', text: `${String(block['name'])}: ${String(block['uri'])}` }
  }
  return {
    type: 'text',
    text: `(${String(block['mimeType'])} audio: this client's protocol revision cannot carry it)`,
  }
}

const rewritten = new Map<string, string>()

/**
 * The tools of `tools/list`. Until 2026-07-28 an output schema describes an object,
 * and the official clients refuse a list with any other: such a schema is left out.
 *
 * @param toolsJson JSON text of the array of tools as 2026-07-28 lists them
 */
export function legacyTools(toolsJson: string): string {
  if (!toolsJson.includes('"outputSchema"')) return toolsJson
  let text = rewritten.get(toolsJson)
  if (text === undefined) {
    if (rewritten.size >= LEGACY_LISTS_KEPT) rewritten.clear()
    text = JSON.stringify((JSON.parse(toolsJson) as JsonObject[]).map(withObjectOutput))
    rewritten.set(toolsJson, text)
  }
  return text
}

function withObjectOutput(tool: JsonObject): JsonObject {
  const { outputSchema, ...rest } = tool
  if (outputSchema === undefined) return tool
  return isObject(outputSchema) && outputSchema['type'] === 'object' ? tool : rest
}
