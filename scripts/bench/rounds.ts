/**
 * Interleaved rounds, A B A B: whatever the machine does meanwhile, it does to
 * every row alike. A row's first, uncounted turn lets its code get warm.
 */
import { Stop } from '../stop.ts'
import type { LoadGenerator } from './load.ts'
import type { Round, Sample } from './measurement.ts'
import type { Row } from './target.ts'
import type { Workerd } from './workerd.ts'

/** Concurrency of the throughput figures; issue and PERF figures are stated at it. */
export const BUSY_CONNECTIONS = 32

export interface Timing {
  readonly rounds: number
  readonly warmUpMs: number
  readonly aloneMs: number
  readonly busyMs: number
}

export interface RunningRow {
  readonly row: Row
  readonly workerd: Workerd
}

/** @returns rounds by row id */
export async function measureRounds(
  rows: readonly RunningRow[],
  load: LoadGenerator,
  { rounds, warmUpMs, aloneMs, busyMs }: Timing,
  progress: (line: string) => void,
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>(rows.map(({ row }) => [row.id, []]))
  for (const running of rows) {
    progress(`warming up ${running.row.id}`)
    await sample(running, load, BUSY_CONNECTIONS, warmUpMs)
  }
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`)
    for (const running of rows) {
      const alone = await sample(running, load, 1, aloneMs)
      const busy = await sample(running, load, BUSY_CONNECTIONS, busyMs)
      measured.get(running.row.id)?.push({ alone, busy })
    }
  }
  return measured
}

async function sample(
  { row, workerd }: RunningRow,
  load: LoadGenerator,
  connections: number,
  milliseconds: number,
): Promise<Sample> {
  try {
    const exchanges = await row.exchanges()
    const before = workerd.cpuSeconds()
    const { port, sentOnce = false } = row
    const result = await load.run({ port, exchanges, connections, milliseconds, sentOnce })
    return { ...result, cpuSeconds: workerd.cpuSeconds() - before }
  } catch (error) {
    throw new Stop(row.id, (error as Error).message, `Alone: npm run bench -- --only ${row.id}`)
  }
}
