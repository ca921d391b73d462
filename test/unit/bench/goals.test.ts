import { describe, expect, it } from 'vitest'
import { GOALS, judge, type Goal, type Results } from '../../../scripts/bench/goals.ts'
import type { Measurement } from '../../../scripts/bench/measurement.ts'

const MEASURED: Measurement = {
  callsPerSecond: 1000,
  callsPerSecondMin: 900,
  callsPerSecondMax: 1100,
  cpuUs: 100,
  cpuAloneUs: 150,
  p50Us: 200,
  p99Us: 400,
  busyP50Us: 3000,
  busyP99Us: 9000,
}

function results(rows: Record<string, Partial<Measurement>>, more: Partial<Results> = {}): Results {
  return {
    rows: new Map(Object.entries(rows).map(([id, values]) => [id, { ...MEASURED, ...values }])),
    gzipBytes: new Map(),
    coldStartMs: new Map(),
    ...more,
  }
}

const verdict = (id: string, measured: Results) =>
  judge(GOALS, measured).find((candidate) => candidate.id === id)

describe('judging the goals of a run', () => {
  it('holds a throughput ratio that is reached, and not one just below it', () => {
    const peer = { 'oauth-agents': { callsPerSecond: 1000 } }
    expect(
      verdict('platform-throughput', results({ platform: { callsPerSecond: 5000 }, ...peer })),
    ).toMatchObject({ goal: '≥ 5 ×', reached: 5, holds: true })
    expect(
      verdict('platform-throughput', results({ platform: { callsPerSecond: 4990 }, ...peer })),
    ).toMatchObject({ reached: 4.99, holds: false })
  })

  it('judges by what was measured, not by what is shown rounded', () => {
    const measured = results({
      platform: { callsPerSecond: 4999.9 },
      'oauth-agents': { callsPerSecond: 1000 },
    })
    expect(verdict('platform-throughput', measured)).toMatchObject({ reached: 5, holds: false })
  })

  it('holds a CPU ratio at or below its bound', () => {
    const peer = { 'oauth-agents': { cpuUs: 500 } }
    const at = (cpuUs: number) =>
      verdict('platform-cpu', results({ platform: { cpuUs }, ...peer }))?.holds
    expect(at(100)).toBe(true)
    expect(at(101)).toBe(false)
  })

  it('takes an overhead as a difference in microseconds', () => {
    const measured = results({ engine: { cpuUs: 91 }, 'floor-json': { cpuUs: 70 } })
    expect(verdict('engine-overhead', measured)).toMatchObject({ reached: 21, holds: false })
  })

  it('counts bundle sizes in KiB', () => {
    const measured = results({}, { gzipBytes: new Map([['router', 45 * 1024 + 1]]) })
    expect(verdict('router-size', measured)).toMatchObject({ goal: '≤ 45 KiB', holds: false })
  })

  it('says of a figure that was not measured neither yes nor no', () => {
    for (const { reached, holds } of judge(GOALS, results({ platform: {} }))) {
      expect(reached).toBeNull()
      expect(holds).toBeNull()
    }
  })

  it('gives every goal an id of its own', () => {
    const ids = GOALS.map(({ id }: Goal) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
