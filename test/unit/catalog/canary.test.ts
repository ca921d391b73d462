/** Who is shown a canary: sticky, near its share, and never changing sides as it grows. */
import { describe, expect, test } from 'vitest'
import { isInCanary } from '#shared/catalog/canary.ts'
import type { CanaryPointer } from '#shared/catalog/entry.ts'

const CLIENTS = Array.from({ length: 2_000 }, (_, at) => `client-${at}`)
const canaryOf = (percent: number, seed = 'seed', clients: string[] = []): CanaryPointer => ({
  digest: 'd',
  percent,
  clients,
  seed,
})
const inside = (canary: CanaryPointer, tenant = 'default'): string[] =>
  CLIENTS.filter((clientId) => isInCanary(canary, { subject: 's', tenant, clientId, scopes: [] }))

describe('2,000 clients', () => {
  test.each(['a', 'b', 'c', 'd', 'e'])('fall 20 % ± 2 into a canary of 20 %, seed %s', (seed) => {
    const share = inside(canaryOf(20, seed)).length / CLIENTS.length
    expect(share).toBeGreaterThan(0.18)
    expect(share).toBeLessThan(0.22)
  })

  test('none at 0 %, all at 100 %, named ones at any', () => {
    expect(inside(canaryOf(0))).toEqual([])
    expect(inside(canaryOf(100))).toEqual(CLIENTS)
    expect(inside(canaryOf(0, 'seed', ['client-7']))).toEqual(['client-7'])
  })

  test('who is inside stays inside as the share grows', () => {
    let before: string[] = []
    for (const percent of [1, 5, 20, 50, 99.5]) {
      const now = inside(canaryOf(percent))
      expect(before.filter((client) => !now.includes(client))).toEqual([])
      before = now
    }
  })

  test('another canary, or another tenant, draws others', () => {
    const first = inside(canaryOf(20, 'first'))
    for (const other of [inside(canaryOf(20, 'second')), inside(canaryOf(20, 'first'), 'acme')]) {
      const both = first.filter((client) => other.includes(client)).length
      expect(both / first.length).toBeLessThan(0.3)
    }
  })
})
