import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { breaksAt, hotSpots, skewOf, type Workload } from '../../../scripts/cost/scale.ts'

const file = join(import.meta.dirname, '../../../scripts/cost/workload.json')
const workload = JSON.parse(readFileSync(file, 'utf8')) as Workload

const spot = (words: string, changes: Partial<Workload> = {}) => {
  const found = hotSpots({ ...workload, ...changes }).find(({ what }) => what.includes(words))
  if (!found) throw new Error(`no hot spot about ${words}`)
  return found
}

test('the feed is read by cities: more calls do not load it, more cities only up to what there are', () => {
  expect(breaksAt(spot('control feed'))).toBeUndefined()
  expect(spot('control feed', { cities: 330 }).loads).toEqual([82.5, 82.5, 82.5, 82.5])
})

test('the first scale over the ceiling is where a part breaks', () => {
  const listeners = spot('listeners of the busiest', {
    listenersOfBusiestServer: 500,
    listenersPerHubShard: 500,
  })
  expect(listeners.ceiling).toBe(16_000)
  expect(listeners.loads).toEqual([500, 5_000, 50_000, 5_000_000])
  expect(breaksAt(listeners)).toBe(100)
})

test('random keys over 4,096 shards: the fullest has little more than its share', () => {
  const skew = skewOf(4_000_000, 4096)
  expect(skew).toBeGreaterThan(1)
  expect(skew).toBeLessThan(1.2)
  expect(skewOf(100, 1)).toBe(1)
})
