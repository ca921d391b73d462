/**
 * Content and lists for clients whose revision lacks a kind or a member: clients of
 * that time reject the whole answer over one block they do not know, so the block
 * becomes text that says the same.
 */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import { LEGACY_VERSIONS, type LegacyVersion } from '../../protocol/versions.ts'
import type { ListKind } from './input.ts'
import { LEGACY_LISTS_KEPT } from './limits.ts'
import { shaped, shapedList } from './shape.ts'

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
    if (since !== undefined && version < since) return asText(block)
    return version === LEGACY_VERSIONS[0] ? block : shaped('block', block, version)
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
 * A list as clients of a revision know it. Until 2026-07-28 an output schema
 * describes an object, and the official clients refuse a list with any other: such
 * a schema is left out.
 *
 * @param itemsJson JSON text of the array as 2026-07-28 lists it
 */
export function legacyList(kind: ListKind, itemsJson: string, version: LegacyVersion): string {
  if (version === LEGACY_VERSIONS[0] && !itemsJson.includes('"outputSchema"')) return itemsJson
  const key = `${version} ${kind} ${itemsJson}`
  let text = rewritten.get(key)
  if (text === undefined) {
    if (rewritten.size >= LEGACY_LISTS_KEPT) rewritten.clear()
    text = JSON.stringify(legacyItems(kind, JSON.parse(itemsJson), version))
    rewritten.set(key, text)
  }
  return text
}

export function legacyItems(kind: ListKind, items: unknown, version: LegacyVersion): unknown {
  const known = version === LEGACY_VERSIONS[0] ? items : shapedList(kind, items, version)
  return kind === 'tools' && Array.isArray(known) ? known.map(withObjectOutput) : known
}

function withObjectOutput(tool: unknown): unknown {
  if (!isObject(tool)) return tool
  const { outputSchema, ...rest } = tool
  if (outputSchema === undefined) return tool
  return isObject(outputSchema) && outputSchema['type'] === 'object' ? tool : rest
}
