/** What is counted of a revision. Latencies in buckets, so that sums of sums are still right. */
import { stubOf } from '../contracts/entrypoints.ts'

/** Upper ends, each about half as much again; what is slower is counted past the last. */
export const USAGE_BUCKETS_MS: readonly number[] = [
  5, 10, 15, 25, 40, 60, 100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 15_000,
]

export function bucketOf(latencyMs: number): number {
  const at = USAGE_BUCKETS_MS.findIndex((endMs) => latencyMs <= endMs)
  return at < 0 ? USAGE_BUCKETS_MS.length : at
}

/** The end of the bucket below which `share` of the calls are; 0 without calls. */
export function quantileMs(latencies: readonly number[], share: number): number {
  const calls = latencies.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [at, count] of latencies.entries()) {
    below += count
    if (calls > 0 && below >= calls * share) return USAGE_BUCKETS_MS[at] ?? Infinity
  }
  return 0
}

export const emptyLatencies = (): number[] => Array(USAGE_BUCKETS_MS.length + 1).fill(0) as number[]

/** Calls of one revision of a server, counted by one isolate over some seconds. */
export interface UsageRow {
  /** `armKeyOf()` of the revision and its code. */
  readonly view: string
  readonly calls: number
  readonly errors: number
  /** Calls by latency: one number for each of USAGE_BUCKETS_MS, and one for what is slower. */
  readonly latencies: readonly number[]
}

/** Sums of one revision. Latencies are the upper ends of the buckets they fall into. */
export interface UsageTotals {
  readonly view: string
  readonly calls: number
  readonly errors: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** A canary an operator bound to thresholds. */
export interface CanaryWatch {
  readonly view: string
  readonly sinceMs: number
  readonly maxErrorPercent: number
  readonly minCalls: number
  readonly maxP95Ms?: number | undefined
}

/** One object per server, name = the server's; deletes itself when nothing was reported for a week. */
export interface Usage {
  /** @param hasCanary somebody may be waiting to take a canary back */
  report(server: string, rows: readonly UsageRow[], hasCanary: boolean): void | Promise<void>
  /** @param sinceMs default: all that is kept */
  totals(sinceMs?: number): UsageTotals[]
}

export const usageOf = (binding: DurableObjectNamespace, server: string) =>
  stubOf<Usage>(binding, server)
