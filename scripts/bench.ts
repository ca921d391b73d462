/** `npm run bench`: what one call costs, here and elsewhere; see `--help`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommand } from './command-line.ts'
import { IDLE_SECONDS } from './bench/idle.ts'
import { profileRow } from './bench/profile.ts'
import { plotSvg } from './bench/plot.ts'
import { reportText } from './bench/report.ts'
import type { Timing } from './bench/rounds.ts'
import { runBench } from './bench/run.ts'
import type { TargetPlan } from './bench/target.ts'
import { TARGETS } from './bench/targets/all.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const FULL: Timing = { rounds: 7, warmUpMs: 3000, aloneMs: 1000, busyMs: 2000 }
/** Windows long enough for CPU time in steps of 10 ms, and for V8 to have compiled what is hot. */
const QUICK: Timing = { rounds: 5, warmUpMs: 1000, aloneMs: 250, busyMs: 650 }
const COLD_STARTS = 9

const ROW_IDS = TARGETS.flatMap(({ rowIds }) => rowIds)
const JSON_FILE = join(ROOT, 'bench-results.json')
const PLOT_FILE = join(ROOT, 'bench-results.svg')

const HELP = `npm run bench [-- --quick] [-- --only row,row…] [-- --profile row]

Measures one tools/call on bare workerd: the platform, its parts, and the
alternatives from npm, in one run of interleaved rounds. Prints the tables,
writes bench-results.json and bench-results.svg, and exits 1 when a goal that
was measured does not hold.

  --quick       under two minutes: shorter windows, fewer rounds, not what the platform holds
  --only row,…  these rows alone, without bundle sizes and cold starts:
                ${ROW_IDS.join('\n                ')}
  --idle s,…    first calls after so many seconds without one; full runs: ${IDLE_SECONDS.join(',')}
  --profile row no figures: where the time of one row goes, by function

Needs Linux with two idle cores for figures that mean something; ratios between
rows of one run are what to quote.`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  const { quick, rowIds, profiled, idleSeconds } = options
  if (profiled) return console.log(await profileRow(profiled, planOf(profiled)))
  const startMs = performance.now()
  const report = await runBench({
    quick,
    timing: quick ? QUICK : FULL,
    coldStarts: COLD_STARTS,
    plans: TARGETS.filter((plan) => plan.rowIds.some((id) => rowIds.has(id))),
    rowIds,
    whole: rowIds.size === ROW_IDS.length,
    idleSeconds,
    progress: (line) =>
      console.error(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(4)} s  ${line}`),
  })
  writeFileSync(JSON_FILE, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(PLOT_FILE, plotSvg(report.rows))
  console.log(`\n${reportText(report)}\n`)
  if (report.goals.some(({ holds }) => holds === false)) process.exitCode = 1
})

interface Options {
  readonly quick: boolean
  readonly rowIds: ReadonlySet<string>
  /** The row to profile instead. */
  readonly profiled: string | undefined
  readonly idleSeconds: readonly number[]
}

/** @returns `undefined` when only help was asked for */
function parse(): Options | undefined {
  const { values } = parseCommand('npm run bench', {
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
      idle: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return undefined
  const rowIds = new Set(values.only?.split(',') ?? ROW_IDS)
  for (const id of rowIds) planOf(id)
  const whole = rowIds.size === ROW_IDS.length && !values.quick
  const idleSeconds = values.idle?.split(',').map(Number) ?? (whole ? IDLE_SECONDS : [])
  if (!idleSeconds.every((seconds) => seconds > 0)) {
    throw new Stop('npm run bench', `--idle ${values.idle}: no seconds.`, 'E.g. --idle 10,30')
  }
  return { quick: values.quick, rowIds, profiled: values.profile, idleSeconds }
}

function planOf(rowId: string): TargetPlan {
  const plan = TARGETS.find(({ rowIds }) => rowIds.includes(rowId))
  if (plan) return plan
  throw new Stop('npm run bench', `There is no row "${rowId}".`, `Rows: ${ROW_IDS.join(', ')}.`)
}
