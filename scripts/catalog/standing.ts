/**
 * How Catalog, feed and KV stand to each other, in words, and what to do about what is
 * wrong: for `npm run catalog -- status` and `npm run doctor`.
 */
import { nextCommand, type Place } from '#shared/lib/next-command.ts'
import type { Standing, StandingProblem } from '#shared/catalog/standing.ts'

export interface StandingRemedy {
  readonly what: string
  readonly remedy: string
}

/**
 * @param place that was asked about, for every command
 * @returns in the order of `standing.problems`
 */
export function remediesOf(standing: Standing, place: string | Place): StandingRemedy[] {
  return standing.problems.map((problem) => remedyOf(problem, standing, place))
}

function remedyOf(
  problem: StandingProblem,
  { catalog, feed }: Standing,
  place: string | Place,
): StandingRemedy {
  const shown = feed?.version ?? 0
  switch (problem) {
    case 'catalog_lost':
      return {
        what: `The Catalog lost what it held; callers are shown index ${shown || 'of before'}, and no change is taken.`,
        remedy:
          `Read in an export: ${nextCommand(place, 'catalog', 'import', '<file>')}. Without one, begin with what is ` +
          `deployed: ${nextCommand(place, 'catalog', 'republish', '--start-over')}.`,
      }
    case 'catalog_behind':
      return {
        what: `Callers are shown index ${shown} of the feed; the Catalog holds another, ${catalog}: it was set back.`,
        remedy: `See what it holds (${nextCommand(place, 'catalog', 'list')}), then make it count: ${nextCommand(place, 'catalog', 'republish')}.`,
      }
    case 'feed_behind':
      return {
        what: `The feed carries index ${shown}, and the Catalog holds ${catalog}: callers are not shown the last change.`,
        remedy: `The Catalog tells it again within a minute. If this stays: ${nextCommand(place, 'catalog', 'republish')}.`,
      }
    case 'feed_unreachable':
      return {
        what: 'The feed does not answer: changes and revocations do not reach callers.',
        remedy: `Look again: ${nextCommand(place, 'catalog', 'status')}. If this stays, see the log of the objects Worker (feed_not_compared).`,
      }
    case 'kv_differs':
      return {
        what: 'KV does not hold the index as the Catalog signed it: isolates ask the Catalog instead.',
        remedy: `See who may write the KV namespace, then put it anew: ${nextCommand(place, 'catalog', 'republish')}.`,
      }
    case 'kv_unreachable':
      return {
        what: 'KV does not answer: isolates ask the Catalog instead.',
        remedy: `Look again: ${nextCommand(place, 'catalog', 'status')}.`,
      }
  }
}

/** The numbers, in one line. */
export function numbersOf({ catalog, feed, kv }: Standing): string {
  const due = kv.due === 0 ? '' : `, ${kv.due} values due`
  return `catalog ${catalog}, feed ${feed ? feed.version : '?'}, KV ${kv.index}${due}`
}

/** Nothing issued before counts: said where it happened within the last day. */
export function lostNote({ feed }: Standing, nowMs = Date.now()): string | undefined {
  const lostMs = (feed?.lostBeforeSeconds ?? 0) * 1000
  if (nowMs - lostMs > DAY_MS) return undefined
  const when = new Date(lostMs).toISOString().slice(0, 19).replace('T', ' ')
  return `The feed lost its revocations: access tokens and sessions of before ${when} do not count; clients get new ones by themselves.`
}

const DAY_MS = 86_400_000

export function showStanding(standing: Standing, place: string | Place): string {
  const wrong = remediesOf(standing, place).map(({ what, remedy }) => `✘ ${what}\n    → ${remedy}`)
  const note = lostNote(standing)
  return [
    numbersOf(standing),
    ...(note === undefined ? [] : [`· ${note}`]),
    ...(wrong.length === 0 ? ['Callers are shown what the Catalog holds.'] : wrong),
  ].join('\n')
}
