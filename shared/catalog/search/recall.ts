/** How well a catalog's words lead to its tools: (task → tool) pairs against search. */
import type { Principal } from '../../identity/principal.ts'
import type { ToolSearch } from './search.ts'

export interface TaskPair {
  readonly task: string
  readonly server: string
  readonly tool: string
}

export interface Recall {
  /** Share of tasks whose tool came first, and among the first five. */
  readonly at1: number
  readonly at5: number
  readonly tasks: number
  /** Tasks whose tool was not among the first five, with what came first instead. */
  readonly missed: readonly {
    readonly task: string
    readonly wanted: string
    readonly first: string
  }[]
}

const DEPTH = 5

export function measureRecall(
  search: ToolSearch,
  pairs: readonly TaskPair[],
  principal: Principal,
): Recall {
  let [first, within] = [0, 0]
  const missed: Recall['missed'][number][] = []
  for (const { task, server, tool } of pairs) {
    const hits = search.search(task, principal, DEPTH)
    const at = hits.findIndex((hit) => hit.server === server && hit.tool === tool)
    if (at === 0) first += 1
    if (at >= 0) within += 1
    else {
      const [best] = hits
      const instead = best ? `${best.server}/${best.tool}` : 'nothing'
      missed.push({ task, wanted: `${server}/${tool}`, first: instead })
    }
  }
  const tasks = pairs.length
  return { at1: share(first, tasks), at5: share(within, tasks), tasks, missed }
}

const share = (count: number, of: number): number =>
  of === 0 ? 0 : Math.round((count / of) * 1000) / 1000
