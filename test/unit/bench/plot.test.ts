import { expect, it } from 'vitest'
import { plotSvg } from '../../../scripts/bench/plot.ts'
import type { RowReport } from '../../../scripts/bench/report.ts'

const row = (title: string, cpuUs: number): RowReport => ({
  id: title,
  title,
  timesFloor: null,
  callsPerSecond: 1,
  callsPerSecondMin: 1,
  callsPerSecondMax: 1,
  cpuUs,
  cpuAloneUs: 1,
  p50Us: 1,
  p99Us: 1,
  busyP50Us: 1,
  busyP99Us: 1,
})

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="\d+" y="\d+" width="(\d+)"/g)].map(([, width]) => Number(width))

it('draws bars in proportion to the CPU time of the rows', () => {
  const [first = 0, second = 0] = widths(plotSvg([row('a', 50), row('b', 100)]))
  expect(second).toBeGreaterThan(0)
  expect(first / second).toBeCloseTo(0.5, 2)
})

it('escapes titles, so that the picture is well-formed', () => {
  expect(plotSvg([row('a < b & c', 1)])).toContain('a &lt; b &amp; c')
})

it('draws an empty picture of no rows', () => {
  expect(widths(plotSvg([]))).toEqual([])
})
