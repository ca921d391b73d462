/**
 * `resources/subscribe` and `resources/unsubscribe` (2025-11-25 server/resources):
 * what a session follows is kept in an object of its own, made by the first
 * subscription, and told to whoever holds the session's stream.
 */
import type { Principal } from '../../identity/principal.ts'
import type { LegacySession } from './session-id.ts'
import { TOPICS_PER_LISTENER_MAX } from '../../contracts/hub-limits.ts'
import { publishFollowed } from '../../contracts/hub-publish.ts'
import { principalAudience } from '../../contracts/hub-topics.ts'
import { resourceNotFound } from '../../protocol/revisions/2025-11-25/errors.ts'
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { sessionObjectName, type FollowedResources } from '../../contracts/entrypoints.ts'
import { decide } from '../decide/decide.ts'
import type { McpRequest } from '../mcp-request.ts'
import { TARGET_MAX_CHARS } from '../limits.ts'
import type { Gateway } from '../ports.ts'
import { targetFor } from '../decide/target.ts'

/**
 * Who may read a resource may follow it; the same two no's (DESIGN §4.7).
 *
 * @returns the refusal, if the caller may not
 */
export async function follow(
  mcp: McpRequest,
  session: LegacySession,
  id: RequestId,
  uri: string,
  isFollowed: boolean,
): Promise<Response | undefined> {
  const { gateway, caller, server } = mcp
  const subscriptions = stubOf(gateway, caller.principal, session.id)
  const refusal = isFollowed ? refusalOf(mcp, id, uri) : undefined
  if (refusal) return refusal
  const followed = isFollowed
    ? await subscriptions.follow(uri, session.expiresAtSeconds)
    : await subscriptions.unfollow(uri)
  if (!followed) return errorResponse(id, TOO_MANY)
  const audience = principalAudience(caller.principal)
  await publishFollowed(gateway.hubs, server.name, session.id, audience, followed)
  return undefined
}

function refusalOf(mcp: McpRequest, id: RequestId, uri: string): Response | undefined {
  const { caller, server } = mcp
  const known = targetFor(server, caller.principal, 'resources/read', uri)
  if (!known || uri.length > TARGET_MAX_CHARS) return errorResponse(id, resourceNotFound(uri))
  const read = { method: 'resources/read', name: uri, headers: {}, body: '' } as const
  return decide(mcp, server, read)
}

const TOO_MANY = invalidParams(
  `This session follows ${TOPICS_PER_LISTENER_MAX} resources; unsubscribe from one first`,
)

export const followedBy = (
  gateway: Gateway,
  principal: Principal,
  sessionId: string,
): Promise<FollowedResources> => stubOf(gateway, principal, sessionId).read()

export const forgetFollowed = (
  gateway: Gateway,
  principal: Principal,
  sessionId: string,
): Promise<void> => stubOf(gateway, principal, sessionId).forget()

const stubOf = (
  { subscriptions }: Pick<Gateway, 'subscriptions'>,
  { tenant, subject }: Principal,
  sessionId: string,
) => subscriptions(sessionObjectName(tenant, subject, sessionId))
