/** `npm run cost`: what a call costs at Cloudflare, and what breaks first; see `--help`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from './bench/report.ts'
import type { TargetPlan } from './bench/target.ts'
import { TARGETS } from './bench/targets/all.ts'
import { parseCommand } from './command-line.ts'
import { countRows, type RowCounts } from './cost/measure.ts'
import { costOf, type Prices } from './cost/price.ts'
import { costText, scaleText, type CostRow } from './cost/report.ts'
import { hotSpots, type Workload } from './cost/scale.ts'
import { useDevEnvironment } from './environment.ts'
import { devSecrets } from './dev-secrets.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const PRICES = join(import.meta.dirname, 'cost', 'prices.json')
const WORKLOAD = join(import.meta.dirname, 'cost', 'workload.json')
const BENCH_RESULTS = join(ROOT, 'bench-results.json')

const HELP = `npm run cost [-- --prices file] [-- --workload file] [-- --json]

Runs the platform and its alternatives on workerd with every billable operation
counted, and prices a million calls of each kind. CPU time comes from the last
\`npm run bench\`. Then says which part of an installation meets its ceiling first
at 10, 100 and 10,000 times its load.

  --prices file    default scripts/cost/prices.json: edit it to your contract
  --workload file  default scripts/cost/workload.json: your installation at scale 1
  --json           the same as JSON`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  const prices = readJson<Prices>(options.prices)
  const spots = hotSpots(readJson<Workload>(options.workload))
  const cpuUs = benchCpuUs()
  if (cpuUs.size === 0) console.error('CPU time is left out: run `npm run bench` first')
  const rows: CostRow[] = (await countAll()).map((row) => {
    const cpu = cpuUs.get(row.id) ?? null
    return { ...row, cpuUs: cpu, cost: costOf(row.perCall, cpu ?? 0, prices) }
  })
  if (options.json) return console.log(JSON.stringify({ rows, spots }, null, 2))
  console.log(`\n${costText(rows)}\n\n${scaleText(spots)}\n`)
})

/** All but the floors, which are nobody's product. */
async function countAll(): Promise<RowCounts[]> {
  useDevEnvironment()
  await devSecrets()
  const counted: RowCounts[] = []
  for (const plan of TARGETS.filter(isProduct)) {
    console.error(`counting ${plan.name}`)
    counted.push(...(await countRows(plan, new Set(plan.rowIds))))
  }
  return counted
}

function isProduct({ name }: TargetPlan): boolean {
  return !name.startsWith('floor') && name !== 'engine'
}

function benchCpuUs(): Map<string, number> {
  if (!existsSync(BENCH_RESULTS)) return new Map()
  const { rows } = readJson<Report>(BENCH_RESULTS)
  return new Map(rows.map(({ id, cpuUs }) => [id, cpuUs]))
}

function readJson<Value>(file: string): Value {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Value
  } catch (error) {
    throw new Stop(file, (error as Error).message, 'Give the path of a JSON file.')
  }
}

/** @returns `undefined` when only help was asked for */
function parse(): { prices: string; workload: string; json: boolean } | undefined {
  const { values } = parseCommand('npm run cost', {
    options: {
      prices: { type: 'string', default: PRICES },
      workload: { type: 'string', default: WORKLOAD },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  return values.help ? undefined : values
}
