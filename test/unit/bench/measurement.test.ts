import { expect, it } from 'vitest'
import { summarize, type Round, type Sample } from '../../../scripts/bench/measurement.ts'
import { median, quantile } from '../../../scripts/bench/statistics.ts'

const sample = (calls: number, cpuSeconds: number, latencyP50Us = 100): Sample => ({
  calls,
  seconds: 2,
  cpuSeconds,
  latencyP50Us,
  latencyP99Us: 2 * latencyP50Us,
})

it('takes the middle of an odd and the mean of the two middle values of an even sample', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([1, 2, 10, 20])).toBe(6)
})

it('interpolates quantiles and answers the ends exactly', () => {
  expect(quantile([4, 1, 3, 2], 0)).toBe(1)
  expect(quantile([4, 1, 3, 2], 1)).toBe(4)
  expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
})

it('refuses an empty sample instead of answering NaN', () => {
  expect(() => median([])).toThrow(RangeError)
})

it('gives medians per call, so one slow round does not count', () => {
  const rounds: Round[] = [
    { alone: sample(100, 0.02), busy: sample(2000, 0.2) },
    { alone: sample(100, 0.02), busy: sample(2000, 0.2) },
    { alone: sample(10, 0.5, 900), busy: sample(20, 1.9, 900) },
  ]
  expect(summarize(rounds)).toMatchObject({
    callsPerSecond: 1000,
    callsPerSecondMin: 10,
    callsPerSecondMax: 1000,
    cpuUs: 100,
    cpuAloneUs: 200,
    p50Us: 100,
    p99Us: 200,
  })
})
