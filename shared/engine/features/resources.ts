/**
 * `resources/read`, and `resources/list` where a template lists its resources
 * itself (2026-07-28 server/resources). Not found is −32602 with `data.uri`,
 * never an empty answer (SEP-2164).
 */
import { type CompiledResource, listResources } from './resource-list.ts'
import { base64Of } from '../../lib/base64.ts'
import { missingScopes } from '../../identity/scopes.ts'
import { errorResponse, invalidParams, type WireError } from '../../protocol/errors.ts'
import { isObject } from '../../protocol/jsonrpc.ts'
import { DEFAULT_TIMEOUT_MS, MAX_OUTPUT_BYTES } from '../author/limits.ts'
import { isTemplate, type Resource } from '../author/resource.ts'
import { scopeNames } from '../author/scopes.ts'
import { matchUri, parseUriTemplate, type UriTemplate } from '../../lib/uri-template.ts'
import { failureOf, stopped, type Feature } from './feature.ts'
import { exceeds } from '../output.ts'
import { readRetry, respond, type Call } from '../respond.ts'
import { failed, result, type Ending, type Work } from '../run/work.ts'

/** For the generated entry of a server with resources. */
export const resources: Feature = ({ server }) => {
  const all = Object.entries(server.resources).map(([name, resource]) => ({
    name,
    resource,
    template: templateOf(resource),
  }))
  return {
    'resources/read': { audience: 'callers', answer: (call) => readResource(all, call) },
    'resources/list': { audience: 'callers', answer: (call) => listResources(all, call) },
  }
}

function templateOf(resource: Resource): UriTemplate | undefined {
  if (!isTemplate(resource)) return undefined
  const template = parseUriTemplate(resource.uri)
  if (!template.ok) throw new TypeError(template.failure)
  return template.value
}

export const notFound = (uri: string): WireError =>
  invalidParams(`Resource not found: ${uri}`, { uri })

async function readResource(all: readonly CompiledResource[], call: Call): Promise<Response> {
  const { message, caller } = call
  const refuse = (error: WireError): Response => errorResponse(message.id, error)
  const { uri } = message.params
  if (typeof uri !== 'string') {
    return refuse(invalidParams('Invalid resources/read request: uri must be a string'))
  }
  const found = find(all, uri)
  // The router decided by the same rules; should it ever have found another resource, nothing is read.
  const scopes = scopeNames(found?.resource.scopes)
  if (!found || missingScopes(scopes, caller.principal.scopes).length > 0) {
    return refuse(notFound(uri))
  }
  const work = workOf(call, found, uri)
  const rawArgs = { uri }
  const retry = await readRetry(call, work, rawArgs)
  if (!retry.ok) return refuse(retry.failure)
  return respond(call, { work, rawArgs, args: found.variables, ...retry.value })
}

interface Found extends CompiledResource {
  readonly variables: Record<string, string>
}

/** Fixed URIs first, then templates in the author's order. */
function find(all: readonly CompiledResource[], uri: string): Found | undefined {
  const fixed = all.find(({ resource, template }) => !template && resource.uri === uri)
  if (fixed) return { ...fixed, variables: {} }
  for (const one of all) {
    const variables = one.template && matchUri(one.template, uri)
    if (variables) return { ...one, variables }
  }
  return undefined
}

function workOf({ compiled }: Call, { name, resource }: Found, uri: string): Work {
  const { metaJson, built } = compiled
  return {
    name,
    bound: `resource ${uri}`,
    timeoutMs: resource.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    readOnly: true,
    once: false,
    run: (variables, context) =>
      resource.read(
        variables as Record<string, string>,
        // A prototype, so that nothing of the context is computed before it is used.
        Object.create(context, { uri: { value: uri, enumerable: true } }) as Parameters<
          Resource['read']
        >[1],
      ),
    answer(value) {
      if (value === undefined || value === null) return failed(notFound(uri))
      try {
        const json = `{"resultType":"complete","contents":${contentsOf(resource, uri, value)},"ttlMs":0,"cacheScope":"private","_meta":{${metaJson}}}`
        return exceeds(json, MAX_OUTPUT_BYTES) ? failed(tooLarge(uri)) : result(json)
      } catch (error) {
        return failureOf(built.name, name, error)
      }
    },
    failure: (error): Ending => failureOf(built.name, name, error),
    stopped,
  }
}

const tooLarge = (uri: string): WireError =>
  invalidParams(`${uri} is larger than ${MAX_OUTPUT_BYTES} bytes and was not sent`)

/** @throws TypeError for what is no content of a resource */
function contentsOf({ mimeType }: Resource, uri: string, value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify([{ uri, mimeType: mimeType ?? 'text/plain', text: value }])
  }
  if (value instanceof Uint8Array) {
    return JSON.stringify([
      { uri, mimeType: mimeType ?? 'application/octet-stream', blob: base64Of(value) },
    ])
  }
  if (isObject(value) && Array.isArray(value['contents']) && Object.keys(value).length === 1) {
    const odd = value['contents'].findIndex((item: unknown) => !isContents(item))
    if (odd >= 0) throw new TypeError(`contents[${odd}] is not { uri, text } or { uri, blob }`)
    return JSON.stringify(value['contents'])
  }
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`a ${typeof value} is no content of a resource`)
  return JSON.stringify([{ uri, mimeType: mimeType ?? 'application/json', text }])
}

const isContents = (item: unknown): boolean =>
  isObject(item) &&
  typeof item['uri'] === 'string' &&
  (typeof item['text'] === 'string') !== (typeof item['blob'] === 'string')
