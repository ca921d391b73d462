/**
 * What each revision of one server did: calls, errors, latencies, by the minute.
 * Watches a canary an operator bound to thresholds, and has the Catalog take it
 * back when they are passed.
 *
 * Does NOT see calls: isolates report sums (workers/router/usage.ts).
 */
import { DurableObject } from 'cloudflare:workers'
import {
  emptyLatencies,
  quantileMs,
  type Usage,
  type UsageRow,
  type UsageTotals,
} from '#shared/catalog/usage.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import { USAGE_KEEP_MS, USAGE_MINUTE_MS, USAGE_ROWS_MAX, USAGE_SWEEP_MS } from '../limits.ts'
import { Tables } from '../schema.ts'
import { whyTakeBack } from './judge.ts'

export const USAGE_MIGRATIONS = [
  `CREATE TABLE minute (
     view TEXT NOT NULL,
     at_ms INTEGER NOT NULL,
     calls INTEGER NOT NULL,
     errors INTEGER NOT NULL,
     latencies TEXT NOT NULL,
     PRIMARY KEY (view, at_ms)
   ) WITHOUT ROWID;
   CREATE INDEX minute_at ON minute (at_ms);`,
]

type MinuteRow = { view: string; calls: number; errors: number; latencies: string }

export class UsageObject extends DurableObject<Cloudflare.Env> implements Usage {
  readonly #tables: Tables
  readonly #storage: DurableObjectStorage

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#storage = state.storage
    this.#tables = new Tables(state.storage, USAGE_MIGRATIONS)
  }

  async report(server: string, rows: readonly UsageRow[], hasCanary: boolean): Promise<void> {
    this.#tables.ensure()
    const nowMs = Date.now()
    for (const row of rows) this.#add(row, nowMs)
    if ((await this.#storage.getAlarm()) === null) {
      await this.#storage.setAlarm(nowMs + USAGE_SWEEP_MS)
    }
    if (hasCanary) await this.#judge(server)
  }

  totals(sinceMs = 0): UsageTotals[] {
    if (!this.#tables.ready) return []
    const sums = new Map<string, { calls: number; errors: number; latencies: number[] }>()
    const sql = 'SELECT view, calls, errors, latencies FROM minute WHERE at_ms >= ? ORDER BY at_ms'
    const fromMs = minuteOf(sinceMs)
    for (const row of this.#storage.sql.exec<MinuteRow>(sql, fromMs)) {
      const sum = sums.get(row.view) ?? { calls: 0, errors: 0, latencies: emptyLatencies() }
      sum.calls += row.calls
      sum.errors += row.errors
      sum.latencies = added(sum.latencies, JSON.parse(row.latencies) as number[])
      sums.set(row.view, sum)
    }
    return [...sums].map(([view, { calls, errors, latencies }]) => ({
      view,
      calls,
      errors,
      p50Ms: quantileMs(latencies, 0.5),
      p95Ms: quantileMs(latencies, 0.95),
    }))
  }

  override async alarm(): Promise<void> {
    if (!this.#tables.ready) return
    const sql = this.#storage.sql
    sql.exec('DELETE FROM minute WHERE at_ms < ?', Date.now() - USAGE_KEEP_MS)
    const { rows } = sql.exec<{ rows: number }>('SELECT COUNT(*) AS rows FROM minute').one()
    if (rows === 0) await this.#tables.destroy()
    else await this.#storage.setAlarm(Date.now() + USAGE_SWEEP_MS)
  }

  #add({ view, calls, errors, latencies }: UsageRow, nowMs: number): void {
    const sql = this.#storage.sql
    const atMs = minuteOf(nowMs)
    const known = sql
      .exec<MinuteRow>('SELECT * FROM minute WHERE view = ? AND at_ms = ?', view, atMs)
      .toArray()[0]
    const sum = known ? added(JSON.parse(known.latencies) as number[], latencies) : latencies
    sql.exec(
      'INSERT OR REPLACE INTO minute (view, at_ms, calls, errors, latencies) VALUES (?, ?, ?, ?, ?)',
      view,
      atMs,
      calls + (known?.calls ?? 0),
      errors + (known?.errors ?? 0),
      JSON.stringify(sum),
    )
    if (known) return
    sql.exec(
      `DELETE FROM minute WHERE at_ms <= (
         SELECT at_ms FROM minute ORDER BY at_ms DESC LIMIT 1 OFFSET ?)`,
      USAGE_ROWS_MAX,
    )
  }

  async #judge(server: string): Promise<void> {
    const catalog = catalogOf(this.env.CATALOG)
    const watch = await catalog.canaryOf(server)
    if (!watch) return
    const canary = this.totals(watch.sinceMs).find(({ view }) => view === watch.view)
    const reason = canary && whyTakeBack(canary, watch)
    if (reason !== undefined) await catalog.takeBack(server, watch.view, reason)
  }
}

const minuteOf = (atMs: number): number => atMs - (atMs % USAGE_MINUTE_MS)

const added = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((count, at) => count + (b[at] ?? 0))
