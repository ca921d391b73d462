/** Calls are counted in memory and handed on in sums, whatever becomes of a request. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ANONYMOUS } from '#shared/identity/principal.ts'
import type { UsageRow } from '#shared/catalog/usage.ts'
import { USAGE_CANARY_FLUSH_MS, USAGE_FLUSH_MS, USAGE_LOST_MS } from '#shared/gateway/limits.ts'
import { UsageCounter } from '../../../workers/router/usage.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function counting() {
  const reports: (readonly UsageRow[])[] = []
  const report = (_server: string, rows: readonly UsageRow[]): Promise<void> => {
    reports.push(rows)
    return Promise.resolve()
  }
  const counter = new UsageCounter({ getByName: () => ({ report }) } as never)
  const call = (digest: string, hasCanary = false, isError = false): void => {
    const counted = {
      principal: ANONYMOUS,
      server: 'clock',
      arm: { digest },
      hasCanary,
      method: 'tools/call',
      outcome: isError ? 'tool_error' : 'ok',
      wasAsked: true,
      status: 200,
      requestChars: 2,
      latencyMs: 3,
      durationMs: 3,
    } as const
    counter.record(counted, { waitUntil: () => undefined })
  }
  return { reports, call }
}

test('a burst is one report, by revision', async () => {
  const { reports, call } = counting()
  for (let calls = 0; calls < 5; calls++) call('one', false, calls === 0)
  call('two')
  await vi.advanceTimersByTimeAsync(USAGE_FLUSH_MS)
  expect(reports).toMatchObject([
    [
      { view: 'one', calls: 5, errors: 1 },
      { view: 'two', calls: 1, errors: 0 },
    ],
  ])
})

test('a canary that comes meanwhile is reported soon', async () => {
  const { reports, call } = counting()
  call('one')
  call('two', true)
  await vi.advanceTimersByTimeAsync(USAGE_CANARY_FLUSH_MS)
  expect(reports).toHaveLength(1)
})

test('what a request that died was to hand on, a later one does', async () => {
  const { reports, call } = counting()
  call('one')
  vi.clearAllTimers()
  await vi.advanceTimersByTimeAsync(USAGE_LOST_MS + 1)
  call('one')
  await vi.advanceTimersByTimeAsync(USAGE_FLUSH_MS)
  expect(reports).toMatchObject([[{ view: 'one', calls: 2 }]])
})
