/**
 * Cold start: from starting a fresh workerd to its first good answer. Interleaved
 * like the rounds; a bare Worker's own start is what the others are judged above.
 */
import type { Deployment } from './capnp.ts'
import { HttpConnection } from './http-connection.ts'
import { wrongWith, type Exchange } from './request.ts'
import { median } from './statistics.ts'
import { accepts, Workerd } from './workerd.ts'

export interface Starter {
  readonly id: string
  readonly folder: string
  readonly deployment: Deployment
  readonly port: number
  readonly exchange: Exchange
}

export type ColdStarts = ReadonlyMap<string, readonly number[]>

/** @returns milliseconds by id, one per turn */
export async function measureColdStarts(
  starters: readonly Starter[],
  times: number,
  core: number | undefined,
): Promise<ColdStarts> {
  const measured = new Map<string, number[]>(starters.map(({ id }) => [id, []]))
  for (let time = 0; time < times; time++) {
    for (const starter of starters) measured.get(starter.id)?.push(await startOnce(starter, core))
  }
  return measured
}

/** Medians of what each took longer than `base` in the same turn. */
export function longerThan(base: string, measured: ColdStarts): Map<string, number> {
  const baseMs = measured.get(base) ?? []
  return new Map(
    [...measured].map(([id, milliseconds]) => [
      id,
      median(milliseconds.map((taken, turn) => taken - (baseMs[turn] ?? 0))),
    ]),
  )
}

async function startOnce(starter: Starter, core: number | undefined): Promise<number> {
  const startMs = performance.now()
  const workerd = Workerd.spawn(starter.folder, starter.deployment, core)
  try {
    while (!(await accepts(starter.port))) workerd.assertRunning()
    const connection = await HttpConnection.open(starter.port)
    const answer = await connection.send(Buffer.from(starter.exchange.request))
    const milliseconds = performance.now() - startMs
    connection.close()
    const wrong = wrongWith(starter.exchange, answer)
    if (wrong !== undefined) throw new Error(`cold start of ${starter.id}: ${wrong}`)
    return milliseconds
  } finally {
    await workerd.close()
  }
}
