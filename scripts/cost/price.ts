/** From what a call does to what it costs, by a table the operator may edit. */
import type { Counts } from './counts.ts'

/** `prices.json`. Dollars. */
export interface Prices {
  /** Operation → dollars per million. `request` is one that came from outside. */
  readonly perMillion: Readonly<Record<string, number>>
  readonly perMillionCpuMs: number
  /** Durable Objects bill memory × time they are active. */
  readonly perMillionGbSeconds: number
  readonly objectMemoryGb: number
  /** How long one request keeps an object active: an assumption, the rest is counted. */
  readonly objectActiveMsPerRequest: number
}

/** Dollars per million calls, part by part. */
export interface Cost {
  readonly operations: Readonly<Record<string, number>>
  readonly objectDuration: number
  readonly cpu: number
  readonly total: number
}

/**
 * @param perCall operations of one call beside the client's own request
 * @param cpuUs of all Workers of the path together
 * @throws RangeError naming an operation that has no price
 */
export function costOf(perCall: Counts, cpuUs: number, prices: Prices): Cost {
  const all = { ...perCall, request: 1 + (perCall['request'] ?? 0) }
  const entries = Object.entries(all).filter(([, times]) => times > 0)
  const operations = Object.fromEntries(
    entries.map(([operation, times]) => [operation, times * priceOf(operation, prices)]),
  )
  const activeSeconds = ((perCall['objectRequest'] ?? 0) * prices.objectActiveMsPerRequest) / 1000
  const objectDuration = activeSeconds * prices.objectMemoryGb * prices.perMillionGbSeconds
  const cpu = (cpuUs / 1000) * prices.perMillionCpuMs
  const parts = [...Object.values(operations), objectDuration, cpu]
  return { operations, objectDuration, cpu, total: parts.reduce((sum, part) => sum + part, 0) }
}

function priceOf(operation: string, { perMillion }: Prices): number {
  const price = perMillion[operation]
  if (price === undefined) throw new RangeError(`prices.json has no price for "${operation}"`)
  return price
}
