/**
 * `resources/list` of a server whose templates list their resources: fixed ones
 * first, then each template's; a page ends where an author's page ends.
 */
import type { UriTemplate } from '../../lib/uri-template.ts'
import type { Resource, ListedResource } from '../author/resource.ts'
import { toBase64Url, tryFromBase64Url } from '../../lib/base64url.ts'
import { missingScopes } from '../../identity/scopes.ts'
import { successResponse } from '../../protocol/revisions/2026-07-28/results.ts'
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import { isObject } from '../../protocol/jsonrpc.ts'
import { resourceWire } from '../author/resource-wire.ts'
import { scopeNames } from '../author/scopes.ts'
import { errorOf } from './feature.ts'
import { CURSOR_MAX_CHARS, LISTED_PAGE_MAX } from '../limits.ts'
import { lookContext } from './look.ts'

import type { Call } from '../respond.ts'

/** Where a page begins: in which template's list, and the author's own cursor there. */
interface Place {
  readonly index: number
  readonly cursor: string | undefined
}

interface Page {
  readonly resources: unknown[]
  readonly next: Place | undefined
}

export async function listResources(
  all: readonly CompiledResource[],
  call: Call,
): Promise<Response> {
  const { compiled, message } = call
  const place = placeOf(message.params['cursor'])
  if (!place) return errorResponse(message.id, invalidParams('Invalid cursor'))
  try {
    const { resources, next } = await pageFrom(all, call, place)
    const nextCursor = next ? `"nextCursor":"${cursorOf(next)}",` : ''
    const json = `{"resultType":"complete","resources":${JSON.stringify(resources)},${nextCursor}"ttlMs":0,"cacheScope":"private","_meta":{${compiled.metaJson}}}`
    return successResponse(message.id, json)
  } catch (error) {
    return errorResponse(message.id, errorOf(compiled.built.name, 'resources/list', error))
  }
}

async function pageFrom(all: readonly CompiledResource[], call: Call, place: Place): Promise<Page> {
  // Of a cursor's page the fixed ones were on the first.
  const isFirst = place.index === 0 && place.cursor === undefined
  const resources: unknown[] = isFirst ? fixedOnes(all) : []
  const held = call.caller.principal.scopes
  let { cursor } = place
  for (let index = place.index; index < all.length; index++) {
    const { resource } = all[index] ?? {}
    // What a scope guards is not shown without it, not even its names.
    if (!resource?.list || missingScopes(scopeNames(resource.scopes), held).length > 0) continue
    const listed = await resource.list(lookContext(call), cursor)
    const page = Array.isArray(listed) ? { resources: listed } : listed
    if (!page.resources.every(isListed)) throw new TypeError('list: each is { uri, name, … }')
    resources.push(...page.resources)
    cursor = undefined
    if (resources.length > LISTED_PAGE_MAX) {
      throw new TypeError(`list: more than ${LISTED_PAGE_MAX} on a page; use nextCursor`)
    }
    if (page.nextCursor !== undefined)
      return { resources, next: { index, cursor: page.nextCursor } }
  }
  return { resources, next: undefined }
}

const fixedOnes = (all: readonly CompiledResource[]): unknown[] =>
  all.flatMap(({ name, resource, template }) =>
    template ? [] : [{ uri: resource.uri, ...resourceWire(name, resource) }],
  )

const isListed = (item: unknown): item is ListedResource =>
  isObject(item) && typeof item['uri'] === 'string' && typeof item['name'] === 'string'

const cursorOf = ({ index, cursor }: Place): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify([index, cursor])))

/** A cursor is the client's to send: any other than ours is refused, and the author's part is theirs to check. */
function placeOf(cursor: unknown): Place | undefined {
  if (cursor === undefined) return { index: 0, cursor: undefined }
  if (typeof cursor !== 'string' || cursor.length > CURSOR_MAX_CHARS) return undefined
  try {
    const bytes = tryFromBase64Url(cursor)
    const place: unknown = bytes && JSON.parse(new TextDecoder().decode(bytes))
    if (!Array.isArray(place)) return undefined
    const [index, inner] = place as unknown[]
    if (!Number.isInteger(index) || (index as number) < 0 || typeof inner !== 'string') {
      return undefined
    }
    return { index: index as number, cursor: inner }
  } catch {
    return undefined
  }
}

/** A resource with what its URI says; of fixed ones `template` is undefined. */
export interface CompiledResource {
  readonly name: string
  readonly resource: Resource
  readonly template: UriTemplate | undefined
}
