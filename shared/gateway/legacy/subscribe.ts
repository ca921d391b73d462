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
import type { RequestId } from '../../protocol/jsonrpc.ts'
import {
  sessionObjectName,
  subscriptionsOf,
  type FollowedResources,
} from '../../contracts/entrypoints.ts'
import { decide } from '../call.ts'
import type { Exchange } from '../exchange.ts'
import { TARGET_MAX_CHARS } from '../limits.ts'
import type { Platform } from '../../../workers/router/config.ts'
import { targetFor } from '../target.ts'

/**
 * Who may read a resource may follow it; the same two no's (DESIGN §4.7).
 *
 * @returns the refusal, if the caller may not
 */
export async function follow(
  exchange: Exchange,
  session: LegacySession,
  id: RequestId,
  uri: string,
  isFollowed: boolean,
): Promise<Response | undefined> {
  const { platform, caller, server } = exchange
  const subscriptions = stubOf(platform, caller.principal, session.id)
  const refusal = isFollowed ? refusalOf(exchange, id, uri) : undefined
  if (refusal) return refusal
  const followed = isFollowed
    ? await subscriptions.follow(uri, session.expiresAtSeconds)
    : await subscriptions.unfollow(uri)
  if (!followed) return errorResponse(id, TOO_MANY)
  const audience = principalAudience(caller.principal)
  await publishFollowed(platform.hubs, server.name, session.id, audience, followed)
  return undefined
}

function refusalOf(exchange: Exchange, id: RequestId, uri: string): Response | undefined {
  const { caller, server } = exchange
  const known = targetFor(server, caller.principal, 'resources/read', uri)
  if (!known || uri.length > TARGET_MAX_CHARS) return errorResponse(id, resourceNotFound(uri))
  const read = { method: 'resources/read', name: uri, headers: {}, body: '' } as const
  return decide(exchange, server, read)
}

const TOO_MANY = invalidParams(
  `This session follows ${TOPICS_PER_LISTENER_MAX} resources; unsubscribe from one first`,
)

export const followedBy = (
  platform: Platform,
  principal: Principal,
  sessionId: string,
): Promise<FollowedResources> => stubOf(platform, principal, sessionId).read()

export const forgetFollowed = (
  platform: Platform,
  principal: Principal,
  sessionId: string,
): Promise<void> => stubOf(platform, principal, sessionId).forget()

const stubOf = ({ subscriptions }: Platform, { tenant, subject }: Principal, sessionId: string) =>
  subscriptionsOf(subscriptions, sessionObjectName(tenant, subject, sessionId))
