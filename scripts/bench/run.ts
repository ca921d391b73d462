/** One run of the bench: build, start, measure, judge. */
import { mkdirSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { useDevEnvironment } from '../environment.ts'
import { ROOT } from '../root.ts'
import type { BundleSize } from './bundle.ts'
import { longerThan, measureColdStarts, type ColdStarts } from './cold-start.ts'
import { measureCapacity, type Capacity } from './capacity.ts'
import { assignCores, type Cores } from './cores.ts'
import { freePort } from './free-port.ts'
import { GOALS, judge, type Results } from './goals.ts'
import { LoadGenerator } from './load.ts'
import { summarize, type Measurement } from './measurement.ts'
import { measureSizes } from './real-workers.ts'
import { measureIdle, type IdleCall } from './idle.ts'
import type { Report, RowReport } from './report.ts'
import { BUSY_CONNECTIONS, measureRounds, type RunningRow, type Timing } from './rounds.ts'
import { BARE, createStarters } from './starters.ts'
import { median } from './statistics.ts'
import type { Site, TargetPlan } from './target.ts'
import { Workerd } from './workerd.ts'

export interface RunOptions {
  readonly quick: boolean
  readonly timing: Timing
  readonly coldStarts: number
  readonly plans: readonly TargetPlan[]
  /** Rows of those plans that are wanted. */
  readonly rowIds: ReadonlySet<string>
  /** Sizes and cold starts too, not only rows. */
  readonly whole: boolean
  /** Seconds without a call before first calls are measured; empty = not measured. */
  readonly idleSeconds: readonly number[]
  progress(line: string): void
}

/** Inside the repository: the bench's servers import `#shared`. Removed at the next start. */
const FOLDER = join(ROOT, '.gen', 'bench')
/** Load average of the last minute above which other programs take part in the figures. */
const QUIET_LOAD = 0.5
const BYTES_PER_MIB = 1024 * 1024

export async function runBench(options: RunOptions): Promise<Report> {
  const startedAt = new Date().toISOString()
  const [othersLoad = 0] = loadavg()
  if (othersLoad > QUIET_LOAD) {
    options.progress(`the machine is busy (load ${othersLoad.toFixed(1)}): the figures will be too`)
  }
  useDevEnvironment()
  rmSync(FOLDER, { recursive: true, force: true })
  await devSecrets()
  const cores = assignCores()
  const sizes = options.whole ? await sizesOf(options) : new Map<string, BundleSize>()
  const coldStarts = options.whole
    ? await coldStartsOf(options, cores)
    : new Map<string, number[]>()
  const { rows, rounds, memoryMib } = await rowsOf(options, cores)
  const capacity = options.whole && !options.quick ? await capacityOf(options, cores) : null
  const idle = await idleOf(options, cores)
  return {
    startedAt,
    quick: options.quick,
    machine: { ...machine(), othersLoad },
    rounds: options.timing.rounds,
    connections: BUSY_CONNECTIONS,
    rows,
    memoryMib,
    capacity,
    idle,
    sizes: Object.fromEntries(sizes),
    coldStartMs: Object.fromEntries(
      [...coldStarts].map(([id, milliseconds]) => [id, median(milliseconds)]),
    ),
    goals: judge(GOALS, {
      rounds,
      gzipBytes: new Map([...sizes].map(([name, { gzipBytes }]) => [name, gzipBytes])),
      coldStartMs: longerThan(BARE, coldStarts),
    }),
  }
}

function sizesOf({ progress }: RunOptions): Promise<Map<string, BundleSize>> {
  progress('bundling the Workers')
  return measureSizes(siteOf('sizes'))
}

function capacityOf({ progress }: RunOptions, { server }: Cores): Promise<Capacity> {
  return measureCapacity({ folder: join(FOLDER, 'capacity'), core: server, progress })
}

function idleOf({ progress, idleSeconds }: RunOptions, { server }: Cores): Promise<IdleCall[]> {
  if (idleSeconds.length === 0) return Promise.resolve([])
  return measureIdle({ folder: join(FOLDER, 'idle'), core: server, idleSeconds, progress })
}

async function coldStartsOf(
  { progress, coldStarts }: RunOptions,
  cores: Cores,
): Promise<ColdStarts> {
  progress('cold starts')
  const starters = await createStarters(siteOf('cold-start'))
  return measureColdStarts(starters, coldStarts, cores.server)
}

async function rowsOf(
  { plans, rowIds, timing, progress }: RunOptions,
  cores: Cores,
): Promise<Pick<Report, 'rows' | 'memoryMib'> & Pick<Results, 'rounds'>> {
  const started: { name: string; workerd: Workerd }[] = []
  const load = new LoadGenerator(cores.load)
  try {
    const running: RunningRow[] = []
    for (const plan of plans) {
      progress(`building ${plan.name}`)
      const site = siteOf(plan.name)
      const target = await plan.create(site)
      const workerd = await Workerd.start(site.folder, target.deployment, cores.server)
      started.push({ name: plan.name, workerd })
      const wanted = target.rows.filter(({ id }) => rowIds.has(id))
      running.push(...wanted.map((row) => ({ row, workerd })))
    }
    const rounds = await measureRounds(running, load, timing, progress)
    const summaries = new Map([...rounds].map(([id, ofRow]) => [id, summarize(ofRow)]))
    const memory = started.map(({ name, workerd }) => [
      name,
      workerd.residentBytes() / BYTES_PER_MIB,
    ])
    const memoryMib = Object.fromEntries(memory)
    return { rows: reportRows(running, summaries), rounds, memoryMib }
  } finally {
    load.close()
    for (const { workerd } of started) await workerd.close()
  }
}

function reportRows(
  running: readonly RunningRow[],
  summaries: ReadonlyMap<string, Measurement>,
): RowReport[] {
  const floor = summaries.get('floor-json')
  return running.flatMap(({ row: { id, title } }) => {
    const measured = summaries.get(id)
    if (!measured) return []
    const timesFloor = floor ? measured.cpuUs / floor.cpuUs : null
    return [{ id, title, ...measured, timesFloor }]
  })
}

function siteOf(name: string): Site {
  const folder = join(FOLDER, name)
  mkdirSync(folder, { recursive: true })
  return { folder, minify: true, freePort }
}

function machine(): Omit<Report['machine'], 'othersLoad'> {
  const [first] = cpus()
  return { cpu: first?.model ?? 'unknown', cores: cpus().length, workerd: Workerd.version() }
}
