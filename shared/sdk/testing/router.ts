/**
 * One server behind the router's decisions, in memory: real assertions, the real
 * engine, the same answers to an unknown tool or a missing scope. Does NOT sign
 * anybody in, apply a policy or bound anything: whoever asks is whom the test says.
 */
import { mintAssertion } from '../../identity/assertion.ts'
import { challengeResponse } from '../../identity/challenge.ts'
import type { Principal } from '../../identity/principal.ts'
import { deriveSealKeys, type SealKeys } from '../../identity/seal.ts'
import type { Definitions } from '../../catalog/entry.ts'
import {
  compileServer,
  resourceAt,
  type CompiledItem,
  type CompiledServer,
} from '../../catalog/list.ts'
import { missingScopes, reduceScopes, scopesForTool } from '../../identity/scopes.ts'
import type { Built } from '../../engine/built.ts'
import { completions } from '../../engine/completions.ts'
import { pin } from '../../engine/pin.ts'
import { attachments } from '../../engine/attach.ts'
import { connections } from '../../engine/connection.ts'
import { platform } from '../../engine/platform.ts'
import { handles } from '../../engine/state.ts'
import { prompts } from '../../engine/prompts.ts'
import { resources } from '../../engine/resources.ts'
import { serve, type ServerWorker } from '../../engine/serve.ts'
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import {
  encodeHeaderValue,
  METHOD_HEADER,
  NAME_HEADER,
  VERSION_HEADER,
} from '../../protocol/headers.ts'
import { attachmentIdOf } from '../../services/attachment.ts'
import { readResponseParts } from '../../protocol/revisions/2026-07-28/results.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import { randomId } from '../../lib/random-id.ts'
import { definitionsOf } from '../../engine/author/definitions.ts'
import { defineServer, type ServerOptions } from '../../engine/author/server.ts'
import {
  DECISION_HEADER,
  encodeDecision,
  internalHost,
  PRINCIPAL_HEADER,
} from '../../contracts/inner-wire.ts'
import { capabilityFor, memoryPlatform } from './memory-platform.ts'
import { makeSealSecrets, makeTrust, nowSeconds } from './trust.ts'

/** The server's name in SERVERS while it is tested. */
export const TESTED_NAME = 'tested'

/** Longer than any test runs. */
const TASK_KEPT_SECONDS = 3_600

const keys = makeTrust()
const sealSecrets = makeSealSecrets()

export const sealKeysOf = (purpose: string): Promise<SealKeys> =>
  deriveSealKeys(sealSecrets, purpose)

export interface InnerRequest {
  readonly method: string
  readonly name?: string | undefined
  /** JSON text of the 2026-07-28 message. */
  readonly body: string
  readonly signal?: AbortSignal
}

export interface TestedServer {
  readonly definitions: Definitions
  readonly compiled: CompiledServer
  readonly built: Built
  readonly worker: ServerWorker
}

/** @throws TypeError with the remedy, for a server that could not be built either */
export async function startServer(options: ServerOptions): Promise<TestedServer> {
  const server = defineServer(options)
  const definitions = definitionsOf(server, TESTED_NAME)
  const { trust } = await keys
  const built = await pin(definitions, { name: TESTED_NAME, build: 'test', trust })
  const compiled = compileServer({ name: TESTED_NAME, digest: built.digest, definitions })
  return {
    definitions,
    compiled,
    built,
    worker: serve(
      server,
      built,
      prompts,
      resources,
      completions,
      platform,
      handles,
      attachments,
      connections,
    ),
  }
}

/** Decides on one request and forwards it, as `shared/gateway/call.ts` does. */
export async function forward(
  tested: TestedServer,
  principal: Principal,
  env: object,
  request: InnerRequest,
): Promise<Response> {
  const refusal = decide(tested, principal, request)
  if (refusal) return refusal
  if (request.method === 'resources/read' && attachmentIdOf(request.name ?? '') !== undefined) {
    return readAttachment(tested, principal, request)
  }
  const bindings = { PLATFORM: memoryPlatform, ...env } as unknown as Cloudflare.Env
  return tested.worker.fetch(await innerRequest(tested, principal, request), bindings)
}

/** As `shared/gateway/attachments.ts` does. */
async function readAttachment(
  { definitions }: TestedServer,
  principal: Principal,
  { method, name = '', body }: InnerRequest,
): Promise<Response> {
  const { id } = JSON.parse(body) as { id: string | number }
  const capability = await capabilityFor({ ...actingAs(principal), method, name })
  const read = await memoryPlatform.readAttachment(capability)
  if (!read.ok)
    return errorResponse(id, invalidParams(`Resource not found: ${name}`, { uri: name }))
  const [head, tail] = readResponseParts(id, definitions.serverInfo)
  const contents = await new Response(read.value).text()
  return new Response(head + contents + tail, { headers: { 'content-type': 'application/json' } })
}

const actingAs = ({ subject, tenant, clientId }: Principal) => ({
  server: TESTED_NAME,
  tenant,
  subject,
  clientId,
})

/** The internal call as the router makes it; `replaced` headers are for tests of what it must not do. */
export async function innerRequest(
  { built: { digest }, compiled }: TestedServer,
  principal: Principal,
  { method, name, body, signal }: InnerRequest,
  replaced: Record<string, string> = {},
): Promise<Request> {
  const seal = await sealKeysOf(`server/${TESTED_NAME}`)
  const named = name === undefined ? {} : { name }
  const capability = await capabilityFor({ ...actingAs(principal), method, ...named })
  // A tool that may be a task is one here, for clients of both eras.
  const isTask = method === 'tools/call' && compiled.tools.get(name ?? '')?.task !== undefined
  const run = isTask ? { run: { id: randomId(), keptSeconds: TASK_KEPT_SECONDS } } : {}
  return new Request(`https://${internalHost(TESTED_NAME)}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      [VERSION_HEADER]: MODERN_VERSION,
      [METHOD_HEADER]: method,
      ...(name === undefined ? {} : { [NAME_HEADER]: encodeHeaderValue(name) }),
      [PRINCIPAL_HEADER]: await assertionFor(principal),
      [DECISION_HEADER]: encodeDecision({ method, ...named, digest, seal, capability, ...run }),
      ...replaced,
    },
    body,
    ...(signal ? { signal } : {}),
  })
}

/** @param audience the server that is to believe it */
export async function assertionFor(principal: Principal, audience = TESTED_NAME): Promise<string> {
  const { key } = await keys
  return mintAssertion(key, audience, principal, nowSeconds())
}

function decide(
  { compiled }: TestedServer,
  principal: Principal,
  { method, name, body }: InnerRequest,
): Response | undefined {
  const item = itemOf(compiled, method, name ?? '')
  if (!item) {
    const { id } = JSON.parse(body) as { id: string | number }
    return errorResponse(id, invalidParams(`${method}: there is no ${name}`))
  }
  const held = principal.scopes
  const needed = method === 'tools/call' ? scopesForTool(item, held) : item.scopes
  if (missingScopes(needed, held).length === 0) return undefined
  return challengeResponse({
    status: 403,
    error: 'insufficient_scope',
    description: `This call needs the scope ${needed.join(' ')}`,
    scopes: reduceScopes([...held, ...needed]),
    resourceMetadataUrl: 'https://test.invalid/.well-known/oauth-protected-resource',
  })
}

/** What scopes are asked about; of a list, the server itself leaves out what the caller may not see. */
function itemOf(compiled: CompiledServer, method: string, name: string): CompiledItem | undefined {
  switch (method) {
    case 'tools/call':
      return compiled.tools.get(name)
    case 'prompts/get':
      return compiled.prompts.get(name)
    case 'resources/read':
      if (attachmentIdOf(name) !== undefined) return { scopes: [], readOnly: true }
      return resourceAt(compiled, name)
    default:
      return { scopes: [], readOnly: true }
  }
}
