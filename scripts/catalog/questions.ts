/** Commands of the catalog that cannot be undone, and what each asks before it runs. */
import type { Values } from './arguments.ts'

export interface CatalogQuestion {
  readonly consequence: string
  /** What a person types to go on. */
  readonly name: string
  /** That were given and belong to the question. */
  readonly options: readonly string[]
}

type Ask = (args: readonly string[], values: Values) => CatalogQuestion | undefined

const ASKS: Readonly<Record<string, Ask>> = {
  remove: ([name = '']) => ({
    consequence: `The catalog forgets ${name}: its revisions, labels, policy and overrides.`,
    name,
    options: [],
  }),
  republish(_args, { 'start-over': startOver, distrust }) {
    if (!startOver && !distrust) return undefined
    const lost = startOver ? ['The catalog begins anew: what was lost is given up.'] : []
    const ended = distrust ? ['Access tokens and sessions of before end at once.'] : []
    return {
      consequence: [...lost, ...ended].join(' '),
      name: 'republish',
      options: [startOver ? '--start-over' : [], distrust ? '--distrust' : []].flat(),
    }
  },
}

/** @returns `undefined` where the command can be undone */
export const questionOf = (
  command: string,
  args: readonly string[],
  values: Values,
): CatalogQuestion | undefined =>
  Object.hasOwn(ASKS, command) ? ASKS[command]?.(args, values) : undefined
