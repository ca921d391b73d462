/** The requests of a 2025 client, one case each. */
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import type { JsonRpcRequest } from '../../protocol/jsonrpc.ts'
import { successResponse } from '../../protocol/revisions/2026-07-28/results.ts'
import { legacyMethodNotFound } from '../../protocol/revisions/2025-11-25/errors.ts'
import { offers } from '../../protocol/offers.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'
import { legacyList } from './content.ts'
import { follow } from './follow.ts'
import type { LegacyInput, ListKind } from './input.ts'
import { setLogLevel } from './log-level.ts'
import { callServer } from './run/server-call.ts'
import type { LegacySession } from './session-id.ts'

/** None of these needs a session; what does, asks for it where it finds out. */
export async function answer(
  input: LegacyInput,
  session: LegacySession | undefined,
  version: LegacyVersion,
  request: JsonRpcRequest,
): Promise<Response> {
  const { id, method } = request
  if (!offers(input.server.capabilities, method)) return errorResponse(id, legacyMethodNotFound())
  switch (method) {
    case 'ping':
      return successResponse(id, '{}')
    case 'logging/setLevel':
      return setLogLevel(input, session, request)
    case 'tools/list':
      return list(input, 'tools', version, request)
    case 'prompts/list':
      return list(input, 'prompts', version, request)
    case 'resources/list':
      return list(input, 'resources', version, request, () =>
        callServer(method, input, session, version, request),
      )
    case 'resources/templates/list':
      return list(input, 'resourceTemplates', version, request)
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return follow(input, session, request)
    case 'tools/call':
    case 'prompts/get':
    case 'resources/read':
    case 'completion/complete':
      return callServer(method, input, session, version, request)
    default:
      return errorResponse(id, legacyMethodNotFound())
  }
}

/** @param ask the server itself, where only it knows */
async function list(
  { server }: LegacyInput,
  kind: ListKind,
  version: LegacyVersion,
  { id, params }: JsonRpcRequest,
  ask?: () => Promise<Response>,
): Promise<Response> {
  const items = await server.list(kind)
  if (items === undefined && ask) return ask()
  if (params?.['cursor'] !== undefined) {
    // Such a list is one page, so no cursor was ever handed out.
    return errorResponse(id, invalidParams('Invalid cursor'))
  }
  return successResponse(id, `{"${kind}":${legacyList(kind, items ?? '[]', version)}}`)
}
