/**
 * What one shard of a hub remembers while somebody listens: the latest event of
 * each topic in one order, and, in the root, which shards there are. SQL alone:
 * no clock, no sockets, no alarm.
 *
 * Of one topic only the latest is kept: events say what is now, not what was.
 */
import { TOPICS_KEPT_MAX } from '#shared/contracts/hub-limits.ts'
import type { HubEvent, HubPosition, HubRow } from '#shared/contracts/entrypoints.ts'
import type { Tables } from '../schema.ts'

/**
 * `acked_seq`: the shard has everything up to there. `assigned_ms`: when a listener
 * was last sent to it.
 */
export const HUB_MIGRATIONS = [
  `CREATE TABLE latest (
     topic TEXT NOT NULL,
     audience TEXT NOT NULL,
     seq INTEGER NOT NULL,
     frame TEXT NOT NULL,
     follow TEXT,
     PRIMARY KEY (topic, audience)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX latest_seq ON latest (seq);
   CREATE TABLE shard (
     shard INTEGER PRIMARY KEY,
     acked_seq INTEGER NOT NULL,
     assigned_ms INTEGER NOT NULL
   );`,
]

export interface ShardRow {
  readonly shard: number
  readonly ackedSeq: number
  readonly assignedMs: number
}

/** Which shard of which server this is: an alarm knows only what is stored. */
export interface Self {
  readonly server: string
  readonly shard: number
}

const SELF = 'self'
const EPOCH = 'epoch'
const SEQ = 'seq'
const SENT = 'sent'
const FLOOR = 'floor'
const SHARDS = 'shards'

export class HubStore {
  readonly #tables: Tables
  readonly #storage: DurableObjectStorage

  constructor(tables: Tables, storage: DurableObjectStorage) {
    this.#tables = tables
    this.#storage = storage
  }

  get exists(): boolean {
    return this.#tables.ready
  }

  /** Begins to exist, at a place in the root's order. */
  open(self: Self, { epoch, seq }: HubPosition): void {
    this.#tables.ensure()
    for (const table of ['latest', 'shard']) this.#storage.sql.exec(`DELETE FROM ${table}`)
    this.#storage.kv.put(SELF, self)
    this.#storage.kv.put(EPOCH, epoch)
    for (const key of [SEQ, SENT, FLOOR]) this.#storage.kv.put(key, seq)
  }

  /** Call only while it exists. */
  get self(): Self {
    return this.#storage.kv.get<Self>(SELF) as Self
  }

  get position(): HubPosition {
    return { epoch: this.#storage.kv.get<string>(EPOCH) ?? '', seq: this.#number(SEQ) }
  }

  /** Everything up to there went to this shard's own listeners. */
  get sentSeq(): number {
    return this.#number(SENT)
  }

  set sentSeq(seq: number) {
    this.#storage.kv.put(SENT, seq)
  }

  /** The root gives events their order. */
  record(events: readonly HubEvent[]): void {
    let { seq } = this.position
    this.keep(events.map((event) => ({ ...event, seq: ++seq })))
  }

  /** Keeps rows that are in order already; what is known is left alone. */
  keep(rows: readonly HubRow[]): void {
    this.#storage.transactionSync(() => {
      let { seq: known } = this.position
      for (const row of rows) {
        if (row.seq <= known) continue
        this.#keepOne(row)
        known = row.seq
      }
      this.#storage.kv.put(SEQ, known)
      this.#forgetOldest()
    })
  }

  /** Latest events after `seq`, oldest first. */
  rowsAfter(seq: number): HubRow[] {
    type Row = {
      topic: string
      audience: string
      seq: number
      frame: string
      follow: string | null
    }
    return this.#storage.sql
      .exec<Row>('SELECT * FROM latest WHERE seq > ? ORDER BY seq', seq)
      .toArray()
      .map(({ follow, ...row }) =>
        follow === null ? row : { ...row, follow: JSON.parse(follow) as HubEvent['follow'] },
      ) as HubRow[]
  }

  /** Whether everything after that place is still known here. */
  knowsAfter({ epoch, seq }: HubPosition): boolean {
    const here = this.position
    return epoch === here.epoch && seq >= this.#number(FLOOR) && seq <= here.seq
  }

  // ── root ────────────────────────────────────────────────────────────────────

  /** Over how many shards listeners are spread; a power of two. */
  get shardCount(): number {
    return this.#storage.kv.get<number>(SHARDS) ?? 1
  }

  set shardCount(shards: number) {
    this.#storage.kv.put(SHARDS, shards)
  }

  shards(): ShardRow[] {
    type Row = { shard: number; acked_seq: number; assigned_ms: number }
    return this.#storage.sql
      .exec<Row>('SELECT * FROM shard ORDER BY shard')
      .toArray()
      .map((row) => ({ shard: row.shard, ackedSeq: row.acked_seq, assignedMs: row.assigned_ms }))
  }

  /** A listener is on its way to the shard: from now on events go there too. */
  assign(shard: number, nowMs: number): void {
    this.#storage.sql.exec(
      `INSERT INTO shard (shard, acked_seq, assigned_ms) VALUES (?1, ?2, ?3)
       ON CONFLICT DO UPDATE SET assigned_ms = ?3`,
      shard,
      this.position.seq,
      nowMs,
    )
  }

  acknowledge(shard: number, seq: number): void {
    this.#storage.sql.exec('UPDATE shard SET acked_seq = ? WHERE shard = ?', seq, shard)
  }

  removeShard(shard: number): void {
    this.#storage.sql.exec('DELETE FROM shard WHERE shard = ?', shard)
    // With none left, the next listeners find room in the root again.
    if (this.shards().length === 0) this.shardCount = 1
  }

  #keepOne({ topic, audience, seq, frame, follow }: HubRow): void {
    this.#storage.sql.exec(
      `INSERT INTO latest (topic, audience, seq, frame, follow) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET seq = excluded.seq, frame = excluded.frame, follow = excluded.follow`,
      topic,
      audience,
      seq,
      frame,
      follow === undefined ? null : JSON.stringify(follow),
    )
  }

  #forgetOldest(): void {
    const { rows } = this.#storage.sql
      .exec<{ rows: number }>('SELECT count(*) AS rows FROM latest')
      .one()
    if (rows <= TOPICS_KEPT_MAX) return
    const { seq } = this.#storage.sql
      .exec<{ seq: number }>(
        'SELECT seq FROM latest ORDER BY seq LIMIT 1 OFFSET ?',
        rows - TOPICS_KEPT_MAX - 1,
      )
      .one()
    this.#storage.sql.exec('DELETE FROM latest WHERE seq <= ?', seq)
    this.#storage.kv.put(FLOOR, seq)
  }

  #number(key: string): number {
    return this.#storage.kv.get<number>(key) ?? 0
  }
}

export const positionText = ({ epoch, seq }: HubPosition): string => `${epoch}.${seq}`

export function readPosition(text: string | undefined): HubPosition | undefined {
  const [, epoch, seq] = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})$/.exec(text ?? '') ?? []
  return epoch === undefined ? undefined : { epoch, seq: Number(seq) }
}
