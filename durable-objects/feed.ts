/**
 * What every isolate must learn within seconds: the catalog's version, revoked
 * grants, deleted sessions. Read through the colo cache (shared/catalog/feed-reader.ts).
 *
 * A row drops out when nothing it forbids can still be valid. Does NOT check who
 * calls: only the router, the oauth Worker and the Catalog are bound to it.
 */
import { DurableObject } from 'cloudflare:workers'
import { logEvent } from '#shared/log.ts'
import type { Feed, FeedState } from '#shared/rpc.ts'
import {
  DELETED_SESSIONS_MAX,
  FEED_ID_MAX_CHARS,
  REVOKED_GRANTS_MAX,
  SWEEP_INTERVAL_MS,
} from './limits.ts'
import { Tables } from './schema.ts'

export const FEED_MIGRATIONS = [
  `CREATE TABLE forbidden (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     until_s INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE INDEX forbidden_until ON forbidden (kind, until_s);`,
]

const CATALOG_VERSION = 'catalog_version'
type Kind = 'grant' | 'session'

export class FeedObject extends DurableObject<Cloudflare.Env> implements Feed {
  readonly #tables: Tables
  readonly #storage: DurableObjectStorage

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, FEED_MIGRATIONS)
    this.#storage = state.storage
  }

  read(): FeedState {
    const stampMs = Date.now()
    return {
      stampMs,
      catalogVersion: this.#catalogVersion(),
      revokedGrants: this.#ids('grant', stampMs),
      deletedSessions: this.#ids('session', stampMs),
    }
  }

  /** An announcement that comes late never turns the version back. */
  announceCatalog(version: number): void {
    if (version <= this.#catalogVersion()) return
    this.#tables.ensure()
    this.#storage.kv.put(CATALOG_VERSION, version)
  }

  /** @throws RangeError when the feed is full: a revocation must fail loudly, never be dropped */
  async revokeGrant(grantId: string, untilSeconds: number): Promise<void> {
    if (!this.#has('grant', grantId) && this.#count('grant') >= REVOKED_GRANTS_MAX) {
      this.#sweep()
      if (this.#count('grant') >= REVOKED_GRANTS_MAX) throw new RangeError('Feed is full')
    }
    await this.#forbid('grant', grantId, untilSeconds)
  }

  async deleteSession(sessionId: string, untilSeconds: number): Promise<void> {
    await this.#forbid('session', sessionId, untilSeconds)
    const surplus = this.#count('session') - DELETED_SESSIONS_MAX
    if (surplus <= 0) return
    logEvent('feed_sessions_dropped', { rows: surplus })
    this.#storage.sql.exec(
      `DELETE FROM forbidden WHERE kind = 'session' AND id IN (
         SELECT id FROM forbidden WHERE kind = 'session' ORDER BY until_s LIMIT ?)`,
      surplus,
    )
  }

  override async alarm(): Promise<void> {
    if (!this.#tables.ready) return
    this.#sweep()
    const { s } = this.#storage.sql
      .exec<{ s: number | null }>('SELECT MIN(until_s) AS s FROM forbidden')
      .one()
    if (s !== null) await this.#wake(s)
    else if (this.#catalogVersion() === 0) await this.#tables.destroy()
  }

  async #forbid(kind: Kind, id: string, untilSeconds: number): Promise<void> {
    if (id.length > FEED_ID_MAX_CHARS) throw new RangeError('Id too long')
    this.#tables.ensure()
    this.#storage.sql.exec(
      `INSERT INTO forbidden (kind, id, until_s) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET until_s = MAX(until_s, excluded.until_s)`,
      kind,
      id,
      Math.ceil(untilSeconds),
    )
    await this.#wake(untilSeconds)
  }

  async #wake(untilSeconds: number): Promise<void> {
    const dueMs = Math.max(untilSeconds * 1000, Date.now() + SWEEP_INTERVAL_MS)
    const setMs = await this.#storage.getAlarm()
    if (setMs === null || setMs > dueMs) await this.#storage.setAlarm(dueMs)
  }

  #sweep(): void {
    this.#storage.sql.exec('DELETE FROM forbidden WHERE until_s <= ?', Date.now() / 1000)
  }

  #catalogVersion(): number {
    return this.#storage.kv.get<number>(CATALOG_VERSION) ?? 0
  }

  #has(kind: Kind, id: string): boolean {
    if (!this.#tables.ready) return false
    const sql = 'SELECT 1 FROM forbidden WHERE kind = ? AND id = ?'
    return this.#storage.sql.exec(sql, kind, id).toArray().length > 0
  }

  #count(kind: Kind): number {
    if (!this.#tables.ready) return 0
    const sql = 'SELECT COUNT(*) AS rows FROM forbidden WHERE kind = ?'
    return this.#storage.sql.exec<{ rows: number }>(sql, kind).one().rows
  }

  #ids(kind: Kind, nowMs: number): string[] {
    if (!this.#tables.ready) return []
    const sql = 'SELECT id FROM forbidden WHERE kind = ? AND until_s > ? ORDER BY id'
    const rows = this.#storage.sql.exec<{ id: string }>(sql, kind, nowMs / 1000)
    return rows.toArray().map((row) => row.id)
  }
}
