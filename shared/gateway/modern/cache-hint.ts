/**
 * How long and for whom a client may keep a list (MCP 2026-07-28 caching; DESIGN
 * §4.13). A list is made from a feed half a second old, so what is kept this long
 * is still within the bounds in which a change is in force.
 */
import { isSameForAll } from '../../catalog/policy.ts'
import { type CacheHint, UNCACHED } from '../../protocol/revisions/2026-07-28/results.ts'
import type { ServerRecord } from '../ports.ts'
import { LIST_TTL_MS } from '../limits.ts'

export function cacheHintOf({ policy, hasCanary, ttlMs = LIST_TTL_MS }: ServerRecord): CacheHint {
  if (policy.strict || ttlMs === 0) return UNCACHED
  const isPublic = policy.visibility === 'public' && !hasCanary && isSameForAll(policy)
  return { ttlMs, cacheScope: isPublic ? 'public' : 'private' }
}
