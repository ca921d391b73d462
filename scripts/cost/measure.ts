/** Billable operations per call of the bench's rows, counted on bare workerd. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../bench/free-port.ts'
import { HttpConnection } from '../bench/http-connection.ts'
import { wrongWith, type Exchange } from '../bench/request.ts'
import type { Row, Site, TargetPlan } from '../bench/target.ts'
import { Workerd } from '../bench/workerd.ts'
import { ROOT } from '../root.ts'
import { countedDeployment } from './counted-deployment.ts'
import type { Counts } from './counts.ts'

/** Inside the repository: the bench's servers import `#shared`. */
const FOLDER = join(ROOT, '.gen', 'cost')
/** First calls fill caches that later ones use. */
const WARM_UP_CALLS = 20
const COUNTED_CALLS = 100
/** What is done after an answer (`waitUntil`) is billed too. */
const AFTERMATH_MS = 300
/** The first call publishes a server: a second or two later the Catalog is done with it. */
const PUBLISHED_MS = 3_000

export interface RowCounts {
  readonly id: string
  readonly title: string
  /** Operation → how often per call. */
  readonly perCall: Counts
}

/** @param wanted row ids; rows of `plan` that are not among them are left out */
export async function countRows(
  plan: TargetPlan,
  wanted: ReadonlySet<string>,
): Promise<RowCounts[]> {
  const folder = join(FOLDER, plan.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const site: Site = { folder, minify: false, freePort }
  const target = await plan.create(site)
  const { deployment, take } = await countedDeployment(site, target.deployment)
  const workerd = await Workerd.start(folder, deployment, undefined)
  try {
    const counted: RowCounts[] = []
    for (const row of target.rows) {
      if (wanted.has(row.id)) counted.push(await countRow(row, take))
    }
    return counted
  } finally {
    await workerd.close()
  }
}

async function countRow(row: Row, take: () => Promise<Counts>): Promise<RowCounts> {
  await send(row.port, await row.exchanges(), WARM_UP_CALLS)
  await sleep(PUBLISHED_MS)
  await take()
  await send(row.port, await row.exchanges(), COUNTED_CALLS)
  await sleep(AFTERMATH_MS)
  const counts = await take()
  const perCall = Object.fromEntries(
    Object.entries(counts).map(([operation, times]) => [operation, times / COUNTED_CALLS]),
  )
  return { id: row.id, title: row.title, perCall }
}

async function send(port: number, exchanges: readonly Exchange[], calls: number): Promise<void> {
  const connection = await HttpConnection.open(port)
  try {
    for (let call = 0; call < calls; call++) {
      const exchange = exchanges[call % exchanges.length]
      if (!exchange) throw new Error('a row without exchanges')
      const answer = await connection.send(Buffer.from(exchange.request))
      const wrong = wrongWith(exchange, answer)
      if (wrong !== undefined) throw new Error(wrong)
    }
  } finally {
    connection.close()
  }
}
