/** The shapes of MCP content blocks, checked at run time: an author's types may be cast away. */
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'

const text = (value: unknown): boolean => typeof value === 'string'
const optionalText = (value: unknown): boolean => value === undefined || text(value)

const SHAPES: Readonly<Record<string, (block: JsonObject) => boolean>> = {
  text: (block) => text(block['text']),
  image: (block) => text(block['data']) && text(block['mimeType']),
  audio: (block) => text(block['data']) && text(block['mimeType']),
  resource: ({ resource }) =>
    isObject(resource) &&
    text(resource['uri']) &&
    optionalText(resource['mimeType']) &&
    text(resource['text']) !== text(resource['blob']),
  resource_link: (block) => text(block['uri']) && text(block['name']),
}

export function isContentBlock(value: unknown): boolean {
  if (!isObject(value) || typeof value['type'] !== 'string') return false
  return Object.hasOwn(SHAPES, value['type']) && SHAPES[value['type']]?.(value) === true
}
