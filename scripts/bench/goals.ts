/**
 * The figures this platform is built to reach, each judged by the rows of one
 * run: ratios, because absolute figures drift from machine to machine.
 */
import type { Measurement } from './measurement.ts'

export interface Results {
  /** By row id; only what was measured. */
  readonly rows: ReadonlyMap<string, Measurement>
  /** Minified and gzipped, by Worker. */
  readonly gzipBytes: ReadonlyMap<string, number>
  /** Start to first good answer, above a bare Worker's, by Worker. */
  readonly coldStartMs: ReadonlyMap<string, number>
}

export interface Goal {
  readonly id: string
  readonly what: string
  readonly unit: '×' | 'µs' | 'KiB' | 'ms' | 'operations'
  readonly bound: { readonly atLeast: number } | { readonly atMost: number }
  /** `undefined`: not measured in this run. */
  reached(results: Results): number | undefined
}

export interface Verdict {
  readonly id: string
  readonly what: string
  readonly goal: string
  readonly reached: number | null
  /** `null`: not measured in this run. */
  readonly holds: boolean | null
}

const BYTES_PER_KIB = 1024

const FLOOR = 'floor-json'

export const GOALS: readonly Goal[] = [
  throughput(
    'platform-throughput',
    'platform ÷ OAuthProvider + agents',
    5,
    'platform',
    'oauth-agents',
  ),
  cpu('platform-cpu', 'platform ÷ OAuthProvider + agents', 1 / 5, 'platform', 'oauth-agents'),
  cpu('platform-floor', 'platform, servers as bindings ÷ floor', 3, 'platform', FLOOR),
  cpu('platform-url-floor', 'platform, servers by URL ÷ floor', 3, 'platform-url', FLOOR),
  throughput('session-throughput', '2025 session ÷ McpAgent', 7, 'platform-session', 'mcp-agent'),
  cpu('session-cpu', '2025 session ÷ McpAgent', 1 / 7, 'platform-session', 'mcp-agent'),
  cpu('engine-cpu', 'engine ÷ SDK v2', 1 / 3.5, 'engine', 'sdk'),
  overhead('engine-overhead', 'engine − floor', 20, 'engine', FLOOR),
  overhead('dpop-overhead', 'DPoP − JWT', 100, 'platform-dpop', 'platform'),
  throughput(
    'list-throughput',
    'list of 100 tools ÷ SDK v2',
    10,
    'platform-list-100',
    'sdk-hundred',
  ),
  gzip('router-size', 'router', 45),
  gzip('oauth-size', 'oauth', 90),
  gzip('clock-size', 'clock', 40),
  coldStart('router-start', 'router', 12),
  coldStart('server-start', 'author-server', 12),
]

export function judge(goals: readonly Goal[], results: Results): Verdict[] {
  return goals.map(({ id, what, unit, bound, reached: reachedIn }) => {
    const reached = reachedIn(results)
    const [sign, limit] = 'atLeast' in bound ? ['≥', bound.atLeast] : ['≤', bound.atMost]
    const verdict = { id, what, goal: `${sign} ${rounded(limit)} ${unit}` }
    if (reached === undefined) return { ...verdict, reached: null, holds: null }
    const holds = sign === '≥' ? reached >= limit : reached <= limit
    return { ...verdict, reached: rounded(reached), holds }
  })
}

const rounded = (value: number): number => Number(value.toPrecision(3))

function throughput(id: string, what: string, atLeast: number, ours: string, theirs: string): Goal {
  return {
    id,
    what: `throughput: ${what}`,
    unit: '×',
    bound: { atLeast },
    reached: ({ rows }) =>
      both(rows.get(ours), rows.get(theirs), (a, b) => a.callsPerSecond / b.callsPerSecond),
  }
}

function cpu(id: string, what: string, atMost: number, ours: string, theirs: string): Goal {
  return {
    id,
    what: `CPU per call: ${what}`,
    unit: '×',
    bound: { atMost },
    reached: ({ rows }) => both(rows.get(ours), rows.get(theirs), (a, b) => a.cpuUs / b.cpuUs),
  }
}

function overhead(id: string, what: string, atMost: number, ours: string, theirs: string): Goal {
  return {
    id,
    what: `CPU per call: ${what}`,
    unit: 'µs',
    bound: { atMost },
    reached: ({ rows }) => both(rows.get(ours), rows.get(theirs), (a, b) => a.cpuUs - b.cpuUs),
  }
}

function gzip(id: string, worker: string, atMost: number): Goal {
  return {
    id,
    what: `minified gzip: ${worker}`,
    unit: 'KiB',
    bound: { atMost },
    reached: ({ gzipBytes }) => both(gzipBytes.get(worker), BYTES_PER_KIB, (a, b) => a / b),
  }
}

function coldStart(id: string, worker: string, atMost: number): Goal {
  return {
    id,
    what: `cold start over a bare Worker: ${worker}`,
    unit: 'ms',
    bound: { atMost },
    reached: ({ coldStartMs }) => coldStartMs.get(worker),
  }
}

function both<Value>(
  ours: Value | undefined,
  theirs: Value | undefined,
  combine: (ours: Value, theirs: Value) => number,
): number | undefined {
  return ours === undefined || theirs === undefined ? undefined : combine(ours, theirs)
}
