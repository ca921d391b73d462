/**
 * The figures this platform is built to reach, each judged by the rows of one
 * run. Ratios are taken round by round, then their median: what else the machine
 * did in a round, it did to both sides.
 */
import { callsPerSecondOf, cpuUsOf, type Round } from './measurement.ts'
import { median } from './statistics.ts'

export interface Results {
  /** By row id; only what was measured, all of the same number of rounds. */
  readonly rounds: ReadonlyMap<string, readonly Round[]>
  /** Minified and gzipped, by Worker. */
  readonly gzipBytes: ReadonlyMap<string, number>
  /** Start to first good answer, above a bare Worker's, by Worker. */
  readonly coldStartMs: ReadonlyMap<string, number>
}

export interface Goal {
  readonly id: string
  readonly what: string
  readonly unit: '×' | 'µs' | 'KiB' | 'ms'
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
  gzip('router-size', 'router', 47),
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
    reached: (results) =>
      paired(results, ours, theirs, (a, b) => callsPerSecondOf(a.busy) / callsPerSecondOf(b.busy)),
  }
}

function cpu(id: string, what: string, atMost: number, ours: string, theirs: string): Goal {
  return {
    id,
    what: `CPU per call: ${what}`,
    unit: '×',
    bound: { atMost },
    reached: (results) =>
      paired(results, ours, theirs, (a, b) => cpuUsOf(a.busy) / cpuUsOf(b.busy)),
  }
}

function overhead(id: string, what: string, atMost: number, ours: string, theirs: string): Goal {
  return {
    id,
    what: `CPU per call: ${what}`,
    unit: 'µs',
    bound: { atMost },
    reached: (results) =>
      paired(results, ours, theirs, (a, b) => cpuUsOf(a.busy) - cpuUsOf(b.busy)),
  }
}

function gzip(id: string, worker: string, atMost: number): Goal {
  return {
    id,
    what: `minified gzip: ${worker}`,
    unit: 'KiB',
    bound: { atMost },
    reached({ gzipBytes }) {
      const bytes = gzipBytes.get(worker)
      return bytes === undefined ? undefined : bytes / BYTES_PER_KIB
    },
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

/** Median over the rounds of what `compare` says of two rows in the same round. */
function paired(
  { rounds }: Results,
  ours: string,
  theirs: string,
  compare: (ours: Round, theirs: Round) => number,
): number | undefined {
  const oursRounds = rounds.get(ours)
  const theirRounds = rounds.get(theirs)
  if (!oursRounds || !theirRounds) return undefined
  const compared = oursRounds.flatMap((round, index) => {
    const other = theirRounds[index]
    return other ? [compare(round, other)] : []
  })
  return median(compared)
}
