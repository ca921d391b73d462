/**
 * What every isolate must learn within seconds: the catalog's version, revoked
 * grants, deleted sessions. Read through the colo cache (shared/catalog/readers/feed-reader.ts).
 *
 * A row drops out when nothing it forbids can still be valid. What this object itself
 * lost cannot be read anywhere else: it compares its number with the Catalog's once in
 * each life, and where it is behind, nothing issued until now counts any longer.
 *
 * Does NOT check who calls: only the router, the oauth Worker and the Catalog are bound
 * to it.
 */
import { DurableObject } from 'cloudflare:workers'
import type { ForbiddenRow, IndexSeal } from '#shared/contracts/feed.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import { indexKey } from '#shared/catalog/entry.ts'
import { withTimeout } from '#shared/lib/lifetime.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { type Announcement, type Feed, type FeedState } from '#shared/contracts/entrypoints.ts'
import {
  DELETED_SESSIONS_MAX,
  FEED_COMPARE_TIMEOUT_MS,
  FEED_ID_MAX_CHARS,
  REVOKED_GRANTS_MAX,
  SWEEP_INTERVAL_MS,
} from '../limits.ts'
import { Tables } from '../schema.ts'

export const FEED_MIGRATIONS = [
  `CREATE TABLE forbidden (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     until_s INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE INDEX forbidden_until ON forbidden (kind, until_s);`,
]

/** Storage keys: the index in force, and since when what was issued counts again. */
const CATALOG = 'catalog'
const LOST_BEFORE = 'lost_before_s'
/** As releases up to 0.1 wrote it: the number alone. */
const CATALOG_VERSION = 'catalog_version'
type Kind = 'grant' | 'session'

/** `seal` is absent where an earlier release announced the number. */
interface InForce {
  readonly version: number
  readonly seal?: IndexSeal
}

export class FeedObject extends DurableObject<Cloudflare.Env> implements Feed {
  readonly #tables: Tables
  readonly #storage: DurableObjectStorage
  /** This life has compared itself with the Catalog. */
  #compared = false

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#tables = new Tables(state.storage, FEED_MIGRATIONS)
    this.#storage = state.storage
  }

  /** @throws Error while it remembers nothing and the Catalog does not say whether it should */
  async read(): Promise<FeedState> {
    if (!this.#compared) await this.#compare()
    const stampMs = Date.now()
    const { version, seal } = this.#inForce()
    return {
      stampMs,
      catalogVersion: version,
      ...(seal ? { catalogSeal: seal } : {}),
      revokedGrants: this.#ids('grant', stampMs),
      deletedSessions: this.#ids('session', stampMs),
      lostBeforeSeconds: this.#lostBeforeSeconds(),
    }
  }

  /** An announcement that comes late never turns the version back. */
  announceCatalog(
    { version, seal }: Announcement,
    takenBefore = 0,
  ): { taken: boolean; version: number } {
    const known = this.#inForce()
    if (known.version < takenBefore) this.#lost('announcement')
    if (known.version > version) return { taken: false, version: known.version }
    const isOther = known.seal !== undefined && known.seal.signature !== seal.signature
    if (known.version === version && isOther) return { taken: false, version }
    this.#keep({ version, seal })
    return { taken: true, version }
  }

  distrustEarlier(): void {
    this.#lost('asked')
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

  forbidden(after: Pick<ForbiddenRow, 'kind' | 'id'> | undefined, limit: number): ForbiddenRow[] {
    if (!this.#tables.ready) return []
    const sql = `SELECT kind, id, until_s AS untilSeconds FROM forbidden
                 WHERE (kind, id) > (?, ?) AND until_s > ? ORDER BY kind, id LIMIT ?`
    const { kind = '', id = '' } = after ?? {}
    const rows = this.#storage.sql.exec(sql, kind, id, Date.now() / 1000, limit)
    return rows.toArray() as unknown as ForbiddenRow[]
  }

  async forbid(rows: readonly ForbiddenRow[]): Promise<void> {
    for (const { kind, id, untilSeconds } of rows) {
      if (untilSeconds <= Date.now() / 1000) continue
      await (kind === 'grant'
        ? this.revokeGrant(id, untilSeconds)
        : this.deleteSession(id, untilSeconds))
    }
  }

  override async alarm(): Promise<void> {
    if (!this.#tables.ready) return
    this.#sweep()
    const { s } = this.#storage.sql
      .exec<{ s: number | null }>('SELECT MIN(until_s) AS s FROM forbidden')
      .one()
    if (s !== null) await this.#wake(s)
    else if (this.#inForce().version === 0 && this.#lostBeforeSeconds() === 0)
      await this.#tables.destroy()
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

  /** Once in each life: an object whose storage was lost or set back always begins a new one. */
  async #compare(): Promise<void> {
    const known = this.#inForce()
    try {
      const catalog = catalogOf(this.env.CATALOG)
      const announced = await withTimeout(catalog.announced(), FEED_COMPARE_TIMEOUT_MS)
      const { version } = this.#inForce()
      if (announced && announced.version > version) {
        this.#lost('behind')
        this.#keep(announced)
      } else if (!announced && version === 0 && (await this.#hasCopies())) this.#lost('empty')
      this.#compared = true
    } catch (error) {
      // What it knows still counts; an object that knows nothing must not say that nothing was revoked.
      if (known.version === 0) throw error
      logUnexpected('feed_not_compared', error)
    }
  }

  /** KV holds an index: there was a catalog, which its own object and this one have lost. */
  async #hasCopies(): Promise<boolean> {
    if (this.#lostBeforeSeconds() > 0) return false
    const { keys } = await this.env.CATALOG_KV.list({ prefix: indexKey(''), limit: 1 })
    return keys.length > 0
  }

  #lost(how: string): void {
    this.#tables.ensure()
    this.#storage.kv.put(LOST_BEFORE, Math.floor(Date.now() / 1000))
    logEvent('feed_lost', { how, version: this.#inForce().version })
  }

  #lostBeforeSeconds(): number {
    return this.#storage.kv.get<number>(LOST_BEFORE) ?? 0
  }

  #keep(inForce: InForce): void {
    this.#tables.ensure()
    this.#storage.kv.put(CATALOG, inForce)
  }

  #inForce(): InForce {
    const said = this.#storage.kv.get<InForce>(CATALOG)
    return said ?? { version: this.#storage.kv.get<number>(CATALOG_VERSION) ?? 0 }
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
