/** Sums of what revisions did, and the canary they take back. */
import { evictDurableObject, reset, runDurableObjectAlarm } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { bucketOf, emptyLatencies, quantileMs, type Usage } from '#shared/catalog/usage.ts'
import type { Rpc } from '#shared/contracts/entrypoints.ts'
import type { UsageObject } from '../../../durable-objects/usage/usage.ts'
import { describeTools } from './_descriptions.ts'
import { tell } from './_operator.ts'
import { inside, isEmpty, theCatalog } from './_stubs.ts'

afterEach(() => reset())

const usageOf = (server: string) =>
  exports.UsageObject.getByName(server) as unknown as Rpc<Usage> & DurableObjectStub
const rowOf = (view: string, calls: number, errors: number, latencyMs = 10) => {
  const latencies = emptyLatencies()
  latencies[bucketOf(latencyMs)] = calls
  return { view, calls, errors, latencies }
}

describe('sums', () => {
  it('are of all isolates, by revision, and outlive an eviction', async () => {
    const usage = usageOf('clock')
    await usage.report('clock', [rowOf('one', 90, 3, 8), rowOf('two', 5, 0, 300)], false)
    await evictDurableObject(usage)
    await usage.report('clock', [rowOf('one', 10, 2, 900)], false)
    expect(await usage.totals()).toEqual([
      { view: 'one', calls: 100, errors: 5, p50Ms: 10, p95Ms: 1_000 },
      { view: 'two', calls: 5, errors: 0, p50Ms: 400, p95Ms: 400 },
    ])
  })

  it('go after a week, and the object with the last of them', async () => {
    const usage = usageOf('clock')
    await usage.report('clock', [rowOf('one', 1, 0)], false)
    await inside(usage, (_: UsageObject, { storage }) => {
      storage.sql.exec('UPDATE minute SET at_ms = at_ms - 8 * 86400000')
    })
    await runDurableObjectAlarm(usage)
    expect(await inside(usage, (_: UsageObject, state) => isEmpty(state))).toBe(true)
  })

  it('nobody reported are none', async () => {
    expect(await usageOf('nobody').totals()).toEqual([])
  })
})

it('a quantile is the end of the bucket it falls into', () => {
  const latencies = emptyLatencies()
  latencies[bucketOf(3)] = 90
  latencies[bucketOf(99_999)] = 10
  expect([quantileMs(latencies, 0.5), quantileMs(latencies, 0.95)]).toEqual([5, Infinity])
  expect(quantileMs(emptyLatencies(), 0.5)).toBe(0)
})

describe('a canary bound to thresholds', () => {
  async function startCanary(): Promise<string> {
    await theCatalog().publish('clock', await describeTools('now'))
    await tell('POST', '/servers/clock/canary', {
      percent: 20,
      tuning: { instructions: 'Other words' },
      rollback: { maxErrorPercent: 10, minCalls: 20, maxP95Ms: 500 },
    })
    return (await theCatalog().index())?.servers['clock']?.canary?.view ?? ''
  }
  const canaryOf = async () => (await theCatalog().index())?.servers['clock']?.canary

  it.each([
    ['too many errors', 20, 3, 10, false],
    ['too slow an answer in twenty', 20, 0, 900, false],
    ['errors within the bound', 20, 2, 10, true],
    ['too few calls to say', 19, 19, 10, true],
  ])('with %s', async (_, calls, errors, latencyMs, goesOn) => {
    const view = await startCanary()
    await usageOf('clock').report('clock', [rowOf(view, calls, errors, latencyMs)], true)
    expect((await canaryOf()) !== undefined).toBe(goesOn)
    const { changes } = (await tell('GET', '/history?server=clock')).body
    expect(changes[0].by).toBe(goesOn ? 'ada' : 'automatic')
  })

  it('is not taken back for what another revision did', async () => {
    await startCanary()
    await usageOf('clock').report('clock', [rowOf('another', 100, 100)], true)
    expect(await canaryOf()).toBeDefined()
  })

  it('that a person promoted meanwhile stays promoted', async () => {
    const view = await startCanary()
    await tell('POST', '/servers/clock/promote', {})
    expect(await theCatalog().takeBack('clock', view, 'late')).toBe(false)
    expect((await theCatalog().index())?.servers['clock']?.view).toBe(view)
  })
})
