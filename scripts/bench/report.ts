/** The results as text: tables for people. `bench-results.json` holds the same and more. */
import type { BundleSize } from './bundle.ts'
import type { Capacity } from './capacity.ts'
import type { Verdict } from './goals.ts'
import type { IdleCall } from './idle.ts'
import type { Measurement } from './measurement.ts'

export interface RowReport extends Measurement {
  readonly id: string
  readonly title: string
  /** CPU per call in floors (parse and stringify); `null` when the floor was not measured. */
  readonly timesFloor: number | null
}

export interface Report {
  readonly startedAt: string
  readonly quick: boolean
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly workerd: string
    /** Load average of the last minute before the run. */
    readonly othersLoad: number
  }
  readonly rounds: number
  readonly connections: number
  readonly rows: readonly RowReport[]
  /** Resident memory of each workerd process after the rounds. */
  readonly memoryMib: Readonly<Record<string, number>>
  /** `null`: not measured (`--quick`, `--only`). */
  readonly capacity: Capacity | null
  /** Empty: not measured (`--quick`, `--only`). */
  readonly idle: readonly IdleCall[]
  readonly sizes: Readonly<Record<string, BundleSize>>
  /** Milliseconds to the first good answer of a fresh workerd. */
  readonly coldStartMs: Readonly<Record<string, number>>
  readonly goals: readonly Verdict[]
}

export function reportText(report: Report): string {
  const { rows, sizes, coldStartMs, memoryMib, capacity, idle, goals } = report
  const parts = [
    rows.length > 0 && table(ROW_HEADS, rows.map(rowCells)),
    table(['bundle', 'minified KiB', 'gzip KiB'], Object.entries(sizes).map(sizeCells)),
    table(
      ['cold start', 'ms'],
      Object.entries(coldStartMs).map(([id, ms]) => [id, fixed(ms, 1)]),
    ),
    table(
      ['process', 'MiB'],
      Object.entries(memoryMib).map(([id, mib]) => [id, fixed(mib, 0)]),
    ),
    capacity && capacityText(capacity),
    table(IDLE_HEADS, idle.map(idleCells)),
    table(['goal', 'reach', 'reached', 'holds'], goals.map(goalCells)),
  ]
  return parts.filter(Boolean).join('\n\n')
}

const ROW_HEADS = [
  'row',
  'calls/s (min–max)',
  'CPU µs/call',
  '× floor',
  'alone: CPU µs',
  'p50 µs',
  'p99 µs',
  'busy: p50 ms',
  'p99 ms',
]

const rowCells = (row: RowReport): string[] => [
  row.title,
  `${fixed(row.callsPerSecond, 0)} (${fixed(row.callsPerSecondMin, 0)}–${fixed(row.callsPerSecondMax, 0)})`,
  fixed(row.cpuUs, 1),
  row.timesFloor === null ? '–' : fixed(row.timesFloor, 2),
  fixed(row.cpuAloneUs, 0),
  fixed(row.p50Us, 0),
  fixed(row.p99Us, 0),
  fixed(row.busyP50Us / 1000, 2),
  fixed(row.busyP99Us / 1000, 2),
]

const sizeCells = ([name, size]: [string, BundleSize]): string[] => [
  name,
  fixed(size.minifiedBytes / 1024, 1),
  fixed(size.gzipBytes / 1024, 1),
]

const goalCells = ({ what, goal, reached, holds }: Verdict): string[] => [
  what,
  goal,
  reached === null ? '–' : String(reached),
  holds === null ? 'not measured' : holds ? '✓' : '✘',
]

const IDLE_HEADS = ['first call after', 'no token ms', 'JWT ms', 'JWT + DPoP ms']

const idleCells = ({ idleSeconds, ms }: IdleCall): string[] => [
  `${idleSeconds} s`,
  fixed(ms.none, 2),
  fixed(ms.jwt, 2),
  fixed(ms.dpop, 2),
]

const fixed = (value: number, digits: number): string => value.toFixed(digits)

function capacityText({ catalogs, listeners, sessions }: Capacity): string {
  const heads = [
    'catalog',
    'servers',
    'MiB',
    'first list ms',
    'list µs',
    'search µs',
    'index KiB',
    'entries KiB',
    'cold list ms',
  ]
  const lines = catalogs.map((catalog) => [
    `${catalog.tools} tools`,
    String(catalog.servers),
    fixed(catalog.memoryMib, 0),
    fixed(catalog.firstListMs, 0),
    fixed(catalog.listUs, 0),
    fixed(catalog.searchUs, 0),
    fixed(catalog.indexKib, 1),
    fixed(catalog.entriesKib, 0),
    fixed(catalog.coldListMs, 0),
  ])
  return [
    table(heads, lines),
    `${listeners.streams} open listen streams: ${fixed(listeners.memoryMib, 0)} MiB, ` +
      `${fixed(listeners.idleCpuMs, 1)} ms of CPU a second while idle`,
    `${sessions.sessions} sessions that list once: ${fixed(sessions.memoryMib, 0)} MiB, ` +
      `${sessions.objectsMade} objects, ${fixed(sessions.perSecond, 0)} a second`,
  ].join('\n\n')
}

/** First column left, the others right. Empty without lines. */
function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return ''
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const lineText = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
  return [lineText(heads), ...lines.map(lineText)].join('\n')
}
