/** The cost report as Markdown tables: what docs/scale.md shows. */
import type { RowCounts } from './measure.ts'
import type { Cost } from './price.ts'
import { breaksAt, SCALES, type HotSpot } from './scale.ts'

export interface CostRow extends RowCounts {
  /** Of the bench's last run; `null` when it did not measure this row. */
  readonly cpuUs: number | null
  readonly cost: Cost
}

export function costText(rows: readonly CostRow[]): string {
  const heads = ['call', 'operations', 'CPU µs', 'requests $', 'CPU $', 'rest $', '$ per million']
  return table(heads, rows.map(costCells))
}

function costCells({ title, perCall, cpuUs, cost }: CostRow): string[] {
  const { request = 0 } = cost.operations
  return [
    title,
    operationsText(perCall),
    cpuUs === null ? '–' : cpuUs.toFixed(0),
    request.toFixed(2),
    cpuUs === null ? '–' : cost.cpu.toFixed(2),
    Math.abs(cost.total - request - cost.cpu).toFixed(2),
    cost.total.toFixed(2),
  ]
}

/** What happens less than once in twenty calls is upkeep of the isolate, not of the call. */
const UPKEEP = 0.05

function operationsText(perCall: RowCounts['perCall']): string {
  const parts = Object.entries(perCall)
    .filter(([, times]) => times >= UPKEEP)
    .map(([operation, times]) => `${Number(times.toPrecision(2))} ${operation}`)
  return parts.join(', ') || 'none'
}

export function scaleText(spots: readonly HotSpot[]): string {
  const heads = ['what', ...SCALES.map((scale) => `×${scale.toLocaleString('en')}`)]
  return table([...heads, 'ceiling', 'breaks at', 'answer'], spots.map(spotCells))
}

function spotCells(spot: HotSpot): string[] {
  const at = breaksAt(spot)
  return [
    `${spot.what} (${spot.unit})`,
    ...spot.loads.map((load) => Number(load.toPrecision(2)).toLocaleString('en')),
    spot.ceiling.toLocaleString('en'),
    at === undefined ? '–' : `×${at.toLocaleString('en')}`,
    spot.answer,
  ]
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = heads.map((_, column) => (column === 0 ? '---' : '--:'))
  return [line(heads), line(rule), ...lines.map(line)].join('\n')
}
