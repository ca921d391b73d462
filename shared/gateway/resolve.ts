/**
 * Step `resolve` of an MCP request: the server that a name means for this caller, with
 * the feed it was looked up by. What a caller may not know of answers like what is not
 * there: 401 to a stranger, 404 to everyone else.
 *
 * Alone reads which kind of entry a name has.
 */
import type { Policy } from '../catalog/entry.ts'
import { isRevoked } from '../catalog/readers/feed-local.ts'
import { maySee } from '../catalog/policy.ts'
import type { Lifetime } from '../lib/lifetime.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { Authenticated, AuthFailure } from './authenticate/caller.ts'
import type { McpRequest } from './mcp-request.ts'
import type { FeedStatus, Gateway, ServerRecord } from './ports.ts'
import { claimOnce } from './decide/replay.ts'

export interface Resolved {
  readonly server: ServerRecord
  readonly feed: FeedStatus
  /** As {@link McpRequest.claimProof}. */
  readonly claimProof?: () => Promise<boolean>
}

export type ResolveFailure =
  /** Answer 401: the credentials do not do, or there are none. */
  | { reason: 'unauthorized'; failure?: AuthFailure }
  /** Answer 404. */
  | { reason: 'hidden' }

/** @throws CatalogUnavailable when neither snapshot nor Catalog answers */
export async function resolve(
  name: string,
  authenticated: Authenticated,
  gateway: Gateway,
  lifetime: Lifetime,
): Promise<Result<Resolved, ResolveFailure>> {
  const { caller } = authenticated
  let feed = await gateway.catalog.feed(lifetime)
  const server = await gateway.catalog.server(name, feed, lifetime, caller.principal)
  // A strict server's revocations are in force at once: every request reads the feed.
  if (server?.policy.strict) feed = await gateway.catalog.feed(lifetime, 0)
  if (isRevoked(feed.view, caller)) {
    return fail({ reason: 'unauthorized', failure: { reason: 'revoked' } })
  }
  if (!server || !maySee(caller.principal, server.policy)) {
    // To a stranger every name that is not public answers the same 401.
    return fail({ reason: caller.grantId === undefined ? 'unauthorized' : 'hidden' })
  }
  const claimProof = authenticated.proof && claimOnce(gateway, authenticated.proof)
  const failure = await policyFailure(server.policy, authenticated, claimProof)
  if (failure) return fail({ reason: 'unauthorized', failure })
  return ok({ server, feed, ...(claimProof ? { claimProof } : {}) })
}

/** What a server's policy asks of credentials beyond their being good. */
async function policyFailure(
  { dpop, strict }: Policy,
  { caller }: Authenticated,
  claimProof: McpRequest['claimProof'],
): Promise<AuthFailure | undefined> {
  const isStranger = caller.grantId === undefined
  if (dpop === 'required' && !isStranger && !claimProof) return { reason: 'unbound' }
  if (!strict || !claimProof || (await claimProof())) return undefined
  return { reason: 'proof', proof: 'replayed' }
}
