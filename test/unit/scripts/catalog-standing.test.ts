/** What `npm run catalog -- status` and `npm run doctor` say of Catalog, feed and KV. */
import { describe, expect, it } from 'vitest'
import type { Standing, StandingProblem } from '#shared/catalog/standing.ts'
import { lostNote, remediesOf, showStanding } from '../../../scripts/catalog/standing.ts'

const NOW_MS = Date.UTC(2026, 10, 29)
const standing = (changes: Partial<Standing> = {}): Standing => ({
  catalog: 30,
  feed: { version: 31, lostBeforeSeconds: 0 },
  kv: { index: 'same', due: 0 },
  problems: [],
  ...changes,
})

const EVERY: readonly StandingProblem[] = [
  'catalog_lost',
  'catalog_behind',
  'feed_behind',
  'feed_unreachable',
  'kv_differs',
  'kv_unreachable',
]

describe('every problem', () => {
  it.each(EVERY)(
    '%s has a remedy, a command for the environment that was asked about',
    (problem) => {
      const [said] = remediesOf(standing({ problems: [problem] }), 'staging')
      expect(said?.remedy).toMatch(/npm run catalog -- \S+.* --env staging/)
      const commands = said?.remedy.match(/npm run catalog -- [^:;.,)]*/g) ?? []
      for (const command of commands) expect(command).toContain('--env staging')
    },
  )

  it('is told with the numbers', () => {
    const text = showStanding(standing({ problems: ['catalog_behind'] }), 'dev')
    expect(text).toContain('catalog 30, feed 31, KV same')
    expect(text).toContain('npm run catalog -- republish.')
  })
})

it('without a problem says so, and without a feed shows no number of it', () => {
  expect(showStanding(standing(), 'dev')).toContain('Callers are shown what the Catalog holds.')
  const { feed: _, ...away } = standing({ problems: ['feed_unreachable'] })
  expect(showStanding(away, 'dev')).toContain('feed ?')
})

it('tells for a day that the feed lost its revocations', () => {
  const lost = (lostBeforeSeconds: number) =>
    lostNote(standing({ feed: { version: 31, lostBeforeSeconds } }), NOW_MS)
  expect(lost(0)).toBeUndefined()
  expect(lost(NOW_MS / 1000 - 3_600)).toContain('2026-11-28 23:00:00')
  expect(lost(NOW_MS / 1000 - 90_000)).toBeUndefined()
})
