/**
 * The official suite, through the router, both requirement sets. Every check of
 * every scenario is SUCCESS, or stands in expected-failures.json under what it
 * waits for; and what stands there fails.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from '../e2e/_platform.ts'
import {
  REQUIREMENT_SETS,
  runSet,
  scenariosOf,
  unmet,
  type Check,
  type RequirementSet,
} from './_suite.ts'

/** Set → what is missing → scenario → the checks that fail for want of it. */
type ExpectedFailures = Record<RequirementSet, Record<string, Record<string, string[]>>>

const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, 'expected-failures.json'), 'utf8'),
) as ExpectedFailures

/** What the pinned suite finds of a server that has everything: 83 scenarios, 280 checks. */
const WHOLE = {
  '2025-11-25': { scenarios: 33, SUCCESS: 84, SKIPPED: 0 },
  '2026-07-28': { scenarios: 50, SUCCESS: 196, SKIPPED: 1 },
} as const satisfies Record<RequirementSet, object>

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

describe.each(REQUIREMENT_SETS)('--requirements %s', (set) => {
  let results: Map<string, Check[]>
  let scenarios: { scored: string[]; all: string[] }

  beforeAll(async () => {
    scenarios = await scenariosOf(set)
    results = await runSet(platform.mcpUrl('conformance'), set)
    console.log(summaryOf(set, scenarios.scored, results))
  })

  test('every scenario of the set ran and checked something', () => {
    expect(scenarios.scored.length).toBe(set === '2025-11-25' ? 30 : 37)
    expect([...results.keys()].toSorted()).toEqual(scenarios.all.toSorted())
    for (const [scenario, checks] of results) expect(checks, scenario).not.toHaveLength(0)
  })

  test('what fails is listed, and what is listed fails', () => {
    const failing = Object.fromEntries(
      [...results]
        .map(([scenario, checks]) => [scenario, unmet(checks).toSorted()] as const)
        .filter(([, ids]) => ids.length > 0),
    )
    expect(failing).toEqual(listedFor(set))
  })

  test('the set is whole: none of its scenarios ended before it had checked all it can', () => {
    const { scenarios: held, ...counted } = WHOLE[set]
    expect(results.size).toBe(held)
    expect(countsOf(results)).toEqual({ ...counted, FAILURE: 0, WARNING: 0 })
  })
})

/** One scenario may wait for several things. */
function listedFor(set: RequirementSet): Record<string, string[]> {
  const listed: Record<string, string[]> = {}
  for (const scenarios of Object.values(expected[set])) {
    for (const [scenario, checks] of Object.entries(scenarios)) {
      listed[scenario] = [...(listed[scenario] ?? []), ...checks].toSorted()
    }
  }
  return listed
}

function countsOf(results: Map<string, Check[]>) {
  const checks = [...results.values()].flat()
  const count = (status: Check['status']): number =>
    checks.filter((check) => check.status === status).length
  return {
    SUCCESS: count('SUCCESS'),
    FAILURE: count('FAILURE'),
    WARNING: count('WARNING'),
    SKIPPED: count('SKIPPED'),
  }
}

function summaryOf(set: string, scored: string[], results: Map<string, Check[]>): string {
  const passed = (names: Iterable<string>): number =>
    [...names].filter((name) => unmet(results.get(name) ?? []).length === 0).length
  const statuses = Object.entries(countsOf(results))
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
  return `conformance ${set}: ${passed(scored)}/${scored.length} scored scenarios, ${passed(results.keys())}/${results.size} in all; ${statuses}`
}
