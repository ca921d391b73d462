import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { costOf, type Prices } from '../../../scripts/cost/price.ts'

const prices: Prices = {
  perMillion: { request: 0.3, 'kv.get': 0.5, objectRequest: 0.15, rowWritten: 1 },
  perMillionCpuMs: 0.02,
  perMillionGbSeconds: 12.5,
  objectMemoryGb: 0.128,
  objectActiveMsPerRequest: 10,
}

test('a call that touches nothing costs its request and its CPU time', () => {
  const cost = costOf({}, 500, prices)
  expect(cost.total).toBeCloseTo(0.3 + 0.5 * 0.02, 10)
  expect(cost.operations).toEqual({ request: 0.3 })
})

test('objects cost their requests, their rows and the time they are kept active', () => {
  const cost = costOf({ objectRequest: 3, rowWritten: 2 }, 0, prices)
  expect(cost.objectDuration).toBeCloseTo(3 * 0.01 * 0.128 * 12.5, 10)
  expect(cost.total).toBeCloseTo(0.3 + 0.45 + 2 + cost.objectDuration, 10)
})

test('a request the platform itself makes over the internet is billed beside the client’s', () => {
  expect(costOf({ request: 1 }, 0, prices).total).toBeCloseTo(0.6, 10)
})

test('an operation without a price is an error, not free', () => {
  expect(() => costOf({ 'r2.put': 1 }, 0, prices)).toThrow('no price for "r2.put"')
})

test('the price table that comes with the project is complete in its own terms', () => {
  const file = join(import.meta.dirname, '../../../scripts/cost/prices.json')
  const table = JSON.parse(readFileSync(file, 'utf8')) as Prices
  const everything = Object.fromEntries(Object.keys(table.perMillion).map((name) => [name, 1]))
  expect(costOf(everything, 1000, table).total).toBeGreaterThan(0)
})
