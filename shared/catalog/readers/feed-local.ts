/**
 * What this isolate itself told the feed: in force here at once, and until the
 * feed's own states carry it, though an older one may still come from the colo.
 */
import type { IndexSeal } from '../../contracts/feed.ts'

/** One state of the feed, its lists as sets. See {@link FeedState}. */
export interface FeedView {
  readonly stampMs: number
  readonly catalogVersion: number
  readonly catalogSeal: IndexSeal | undefined
  readonly revokedGrants: ReadonlySet<string>
  readonly deletedSessions: ReadonlySet<string>
  readonly lostBeforeSeconds: number
}

/** What ends a credential: its grant, and when it was issued, in seconds since the epoch. */
export interface Revocable {
  /** Absent for a stranger: there is nothing to revoke. */
  readonly grantId?: string
  readonly issuedAtSeconds: number
}

/**
 * Whether a credential no longer counts. What the feed forgot may have been a revocation:
 * then only what was issued since counts. Its holder gets a new token from the
 * authorization server, which knows the grants that still stand.
 */
export function isRevoked(view: FeedView, { grantId, issuedAtSeconds }: Revocable): boolean {
  if (grantId === undefined) return false
  return view.revokedGrants.has(grantId) || issuedAtSeconds < view.lostBeforeSeconds
}

/** The same for a 2025-era session; its client opens another one (404, 2025-11-25 "Session Management"). */
export const isSessionOver = (
  view: FeedView,
  { id, openedAtSeconds }: { readonly id: string; readonly openedAtSeconds: number },
): boolean => view.deletedSessions.has(id) || openedAtSeconds < view.lostBeforeSeconds

export type LocalChange =
  | { readonly revokedGrant: string; readonly untilSeconds: number }
  | { readonly deletedSession: string; readonly untilSeconds: number }

export interface LocalChanges {
  add(change: LocalChange): void
  /** `view`, as the feed said it, with what it lacks; forgets what it carries and what has run out. */
  overlay(view: FeedView, nowMs: number): FeedView
}

/** Far more than one isolate can tell the feed before it has read it again. */
const MAX_ENTRIES = 1_000

export function createLocalChanges(): LocalChanges {
  const grants = new Map<string, number>()
  const sessions = new Map<string, number>()
  return {
    add(change) {
      const [pending, id] =
        'revokedGrant' in change ? [grants, change.revokedGrant] : [sessions, change.deletedSession]
      const oldest = pending.keys().next()
      if (pending.size >= MAX_ENTRIES && !oldest.done) pending.delete(oldest.value)
      pending.set(id, change.untilSeconds)
    },
    overlay(view, nowMs) {
      if (grants.size === 0 && sessions.size === 0) return view
      return {
        ...view,
        revokedGrants: merge(view.revokedGrants, grants, nowMs),
        deletedSessions: merge(view.deletedSessions, sessions, nowMs),
      }
    },
  }
}

function merge(
  known: ReadonlySet<string>,
  pending: Map<string, number>,
  nowMs: number,
): ReadonlySet<string> {
  const merged = new Set(known)
  for (const [id, untilSeconds] of pending) {
    if (known.has(id) || untilSeconds * 1000 <= nowMs) pending.delete(id)
    else merged.add(id)
  }
  return merged
}
