import { describe, expect, it } from 'vitest'
import { GOALS, judge, type Goal, type Results } from '../../../scripts/bench/goals.ts'
import type { Round, Sample } from '../../../scripts/bench/measurement.ts'

const CALLS = 1000
const ALONE: Sample = { calls: 1, seconds: 1, cpuSeconds: 1, latencyP50Us: 1, latencyP99Us: 1 }

interface Figures {
  callsPerSecond?: number
  cpuUs?: number
}

const round = ({ callsPerSecond = 1000, cpuUs = 100 }: Figures): Round => ({
  alone: ALONE,
  busy: { ...ALONE, calls: CALLS, seconds: CALLS / callsPerSecond, cpuSeconds: cpuUs / 1000 },
})

/** One round each, unless several are given. */
function results(rows: Record<string, Figures | Figures[]>, more: Partial<Results> = {}): Results {
  return {
    rounds: new Map(Object.entries(rows).map(([id, figures]) => [id, [figures].flat().map(round)])),
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

  it('compares round by round, so that a slow round slows both sides', () => {
    const measured = results({
      platform: [{ cpuUs: 100 }, { cpuUs: 300 }, { cpuUs: 100 }],
      'oauth-agents': [{ cpuUs: 500 }, { cpuUs: 1500 }, { cpuUs: 900 }],
    })
    expect(verdict('platform-cpu', measured)).toMatchObject({ reached: 0.2, holds: true })
  })

  it('takes an overhead as a difference in microseconds', () => {
    const measured = results({ engine: { cpuUs: 91 }, 'floor-json': { cpuUs: 70 } })
    expect(verdict('engine-overhead', measured)).toMatchObject({ reached: 21, holds: false })
  })

  it('counts bundle sizes in KiB', () => {
    const measured = results({}, { gzipBytes: new Map([['router', 47 * 1024 + 1]]) })
    expect(verdict('router-size', measured)).toMatchObject({ goal: '≤ 47 KiB', holds: false })
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
