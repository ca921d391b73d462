/**
 * Step `decide` of a call: policy for (principal, server, target), then scopes, then
 * whether revocations are known. The two different refusals: policy hides (the target
 * answers like an unknown one), a missing scope is named (403, MCP authorization).
 *
 * Does NOT ask the server anything, and does not look at the arguments.
 */
import type { RequestId } from '../../protocol/request-id.ts'
import { challengeResponse } from '../../identity/challenge.ts'
import { missingScopes, reduceScopes, scopesForTool } from '../../identity/scopes.ts'
import { errorResponse } from '../../protocol/errors.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { TARGET_MAX_CHARS } from '../limits.ts'
import type { McpRequest, ServerCall } from '../mcp-request.ts'
import type { ServerRecord } from '../ports.ts'
import { refuseReplay } from './replay.ts'
import { resourceMetadataUrlOf } from '../resource-uri.ts'
import { targetFor, unknownTarget } from './target.ts'
import { idOf, unavailable } from '../unavailable.ts'

/** @returns the refusal; `undefined`: the call may go on. Uses the request's proof up where the target changes something. */
export async function refuse(
  mcp: McpRequest,
  server: ServerRecord,
  call: ServerCall,
): Promise<Response | undefined> {
  return decide(mcp, server, call) ?? (await refuseReplay(mcp, server, call))
}

/** Policy for (principal, server, target), then scope: the two different no's (DESIGN §4.7). */
export function decide(
  mcp: McpRequest,
  server: ServerRecord,
  call: ServerCall,
): Response | undefined {
  const { caller, feed } = mcp
  const target = targetFor(server, caller.principal, call.method, call.name)
  if (!target || (call.name?.length ?? 0) > TARGET_MAX_CHARS) {
    const failure = unknownTarget(call.method, call.name)
    return errorResponse(idOf(call.body), failure, ANSWER_HEADERS)
  }
  const held = caller.principal.scopes
  const needed = call.method === 'tools/call' ? scopesForTool(target, held) : target.scopes
  if (missingScopes(needed, held).length > 0) return challenge(mcp, needed)
  if (feed.unreachable && !target.readOnly) {
    return uncheckable(idOf(call.body))
  }
  return undefined
}

/** Listed, but not to be called with this token: names all that it needs (DESIGN §4.7). */
export function challenge(
  { caller, gateway, server }: McpRequest,
  scopes: readonly string[],
): Response {
  const stranger = caller.grantId === undefined
  return challengeResponse({
    status: stranger ? 401 : 403,
    ...(stranger ? {} : { error: 'insufficient_scope' }),
    scheme: caller.principal.jkt === undefined ? 'Bearer' : 'DPoP',
    description: `This call needs the scope ${scopes.join(' ')}`,
    // What the token has is asked for again: a new sign-in must not lose it (MCP authorization, step-up).
    scopes: reduceScopes([...caller.principal.scopes, ...scopes]),
    resourceMetadataUrl: resourceMetadataUrlOf(gateway.publicOrigin, server.name),
  })
}

/** Revocations are unknown: what changes something does not run (DESIGN §2). */
export const uncheckable = (id: RequestId | null): Response =>
  unavailable(
    id,
    503,
    'Revocations cannot be checked right now; only read-only tools run. Retry soon',
  )
