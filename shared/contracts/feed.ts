/** The control feed's object, as other Workers ask it (shared/contracts/entrypoints.ts). */

/** What every isolate must learn within seconds. Read through the colo cache. */
export interface FeedState {
  /** When the object answered, by its own clock; a reader's age of the feed counts from here. */
  stampMs: number
  /** Number of the catalog's index in force; 0 = none was announced. */
  catalogVersion: number
  /** By which KV's copy of that index is believed; absent: an earlier release announced it. */
  catalogSeal?: IndexSeal
  /** Grant ids whose access tokens no longer count. */
  revokedGrants: string[]
  /** Ids of 2025-era sessions that were deleted. */
  deletedSessions: string[]
  /**
   * Seconds since the epoch; 0 = nothing was ever lost. The feed lost its revocations
   * then: tokens issued and sessions opened before may have been ended (feed-local.ts).
   */
  lostBeforeSeconds: number
}

/** Which index the Catalog wants callers to be shown. */
export interface Announcement {
  version: number
  seal: IndexSeal
}

/** One object, name `feed`. Entries drop out when nothing they forbid can still be valid. */
export interface Feed {
  read(): Promise<FeedState>
  /**
   * Takes a number above its own, and its own again with the same seal.
   *
   * @param takenBefore the last number that the Catalog knows the feed took; 0 = none.
   *   A feed that is behind it has lost what it held
   * @returns whether callers are shown this index now, and the number in force
   */
  announceCatalog(
    announcement: Announcement,
    takenBefore?: number,
  ): { taken: boolean; version: number }
  revokeGrant(grantId: string, untilSeconds: number): void
  deleteSession(sessionId: string, untilSeconds: number): void
  /** What is forbidden now, sorted by kind and id, after `after`; for a backup. */
  forbidden(after: Pick<ForbiddenRow, 'kind' | 'id'> | undefined, limit: number): ForbiddenRow[]
  /** Each as long as the longer of what is known and what is given. */
  forbid(rows: readonly ForbiddenRow[]): void
  /** Nothing issued until now counts without being issued again: for whoever restores or mistrusts the feed. */
  distrustEarlier(): void
}

/** What a reader must know to believe an index that KV holds. */
export interface IndexSeal {
  /** Public Ed25519 key of the Catalog: 32 bytes as base64url. */
  readonly key: string
  /** Over the text of one version: 64 bytes as base64url. */
  readonly signature: string
}

/** A grant's or a session's tombstone in the feed. */
export interface ForbiddenRow {
  readonly kind: 'grant' | 'session'
  readonly id: string
  readonly untilSeconds: number
}
