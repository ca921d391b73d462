/** `initialize` (2025-11-25 basic/lifecycle): negotiates, and hands out the session as a sealed id. */
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import { SESSION_HEADER } from '../../protocol/headers.ts'
import { isObject, type JsonRpcRequest } from '../../protocol/jsonrpc.ts'
import { successJson } from '../../protocol/revisions/2026-07-28/results.ts'
import { initializeResult } from '../../protocol/revisions/2025-11-25/messages.ts'
import { isLegacyVersion, LEGACY_VERSIONS, type LegacyVersion } from '../../protocol/versions.ts'
import { flagsOf } from './capabilities.ts'
import type { LegacyInput } from './input.ts'
import { mintSessionId } from './session-id.ts'
import { shaped } from './shape.ts'

/** A session id that comes with it is ignored: this begins a new session. */
export async function initialize(
  input: LegacyInput,
  { id, params = {} }: JsonRpcRequest,
): Promise<Response> {
  const { protocolVersion: requested, capabilities: offered, clientInfo } = params
  if (typeof requested !== 'string' || !isObject(offered) || !isObject(clientInfo)) {
    const message = 'Invalid params: initialize needs protocolVersion, capabilities and clientInfo'
    return errorResponse(id, invalidParams(message))
  }
  const version = negotiate(requested)
  const { principal, serverName, server, sealKeys, nowSeconds } = input
  const sessionId = await mintSessionId(
    sealKeys,
    { principal, server: serverName },
    {
      version,
      flags: flagsOf(offered, version),
      info: { name: String(clientInfo['name']), version: String(clientInfo['version']) },
    },
    nowSeconds,
  )
  // Extensions are negotiated in 2026-07-28 only; here a task looks like a call.
  const { extensions: _extensions, ...capabilities } = server.capabilities
  const result = initializeResult({
    protocolVersion: version,
    capabilities: shaped('capabilities', capabilities, version),
    serverInfo: shaped('serverInfo', { ...server.serverInfo }, version),
    instructions: server.instructions,
  })
  return new Response(successJson(id, result), {
    headers: { 'content-type': 'application/json', [SESSION_HEADER]: sessionId },
  })
}

/** The client's own if we speak it, else the newest of its era: the client decides whether to go on. */
const negotiate = (requested: string): LegacyVersion =>
  isLegacyVersion(requested) ? requested : LEGACY_VERSIONS[0]
