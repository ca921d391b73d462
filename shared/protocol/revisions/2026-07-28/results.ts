/**
 * Results of 2026-07-28 as JSON text, so that a list answer is concatenation of
 * parts serialised long before. Every result names its type and its server
 * (`_meta["io.modelcontextprotocol/serverInfo"]`).
 */
import type { JsonObject } from '../../jsonrpc.ts'
import type { RequestId } from '../../request-id.ts'
import { SERVER_INFO_KEY, SUBSCRIPTION_ID_KEY } from './envelope.ts'

export interface ServerInfo {
  name: string
  version: string
  title?: string | undefined
  [key: string]: unknown
}

/** How long and for whom an answer may be kept. `public` only when no caller sees another answer. */
export interface CacheHint {
  readonly ttlMs: number
  readonly cacheScope: 'public' | 'private'
}

/** What the SDK answers without a hint, and the only safe default. */
export const UNCACHED: CacheHint = { ttlMs: 0, cacheScope: 'private' }

export interface DiscoverParts {
  readonly serverInfo: ServerInfo
  /** e.g. `{ tools: { listChanged: true } }` */
  readonly capabilities: JsonObject
  readonly supportedVersions: readonly string[]
  readonly instructions?: string | undefined
  /** Further `_meta` keys. */
  readonly meta?: JsonObject
}

export function discoverResult(parts: DiscoverParts, cache: CacheHint = UNCACHED): string {
  return JSON.stringify({
    resultType: 'complete',
    supportedVersions: parts.supportedVersions,
    capabilities: parts.capabilities,
    ...(parts.instructions === undefined ? {} : { instructions: parts.instructions }),
    ...cache,
    _meta: { ...parts.meta, [SERVER_INFO_KEY]: parts.serverInfo },
  })
}

/** A list of one page. `itemsJson` is the JSON text of an array. */
export function listResult(
  key: 'tools' | 'prompts' | 'resources' | 'resourceTemplates',
  itemsJson: string,
  serverInfo: ServerInfo,
  { ttlMs, cacheScope }: CacheHint = UNCACHED,
): string {
  return `{"resultType":"complete","${key}":${itemsJson},"ttlMs":${ttlMs},"cacheScope":"${cacheScope}","_meta":${serverMeta(serverInfo)}}`
}

/** JSON text of a result's `_meta` that names the server. */
export const serverMeta = (serverInfo: ServerInfo): string =>
  JSON.stringify({ [SERVER_INFO_KEY]: serverInfo })

/** The graceful end of a `subscriptions/listen` stream. */
export const listenResult = (id: RequestId, serverInfo: ServerInfo): string =>
  JSON.stringify({
    resultType: 'complete',
    _meta: { [SUBSCRIPTION_ID_KEY]: id, [SERVER_INFO_KEY]: serverInfo },
  })

/** The JSON text of a success response around the JSON text of its result. */
export const successJson = (id: RequestId, resultJson: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`

/** A `resources/read` response before and after the JSON text of its `contents`, which is streamed. */
export const readResponseParts = (
  id: RequestId | null,
  serverInfo: ServerInfo,
): readonly [string, string] => [
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"complete","contents":`,
  `,"ttlMs":0,"cacheScope":"private","_meta":${serverMeta(serverInfo)}}}`,
]

const JSON_HEADERS = { 'content-type': 'application/json' }

export const successResponse = (id: RequestId, resultJson: string): Response =>
  new Response(successJson(id, resultJson), { headers: JSON_HEADERS })
