/** Types of the bindings, and a type check of every program; see `--help`. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseCommand } from './command-line.ts'
import { envTypes, workerPrograms, writeRuntimeTypes } from './env-types.ts'
import { useDevEnvironment } from './environment.ts'
import { generateAll } from './gen/all.ts'
import { DEV } from './gen/trust.ts'
import { readIfPresent, writeIfChanged } from './gen/write-if-changed.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const HELP = `npm run types [-- --check]

Writes env.d.ts beside every Worker (its bindings, from wrangler.toml; committed)
and .gen/runtime.d.ts (the Workers runtime; git-ignored).

  --check   compare env.d.ts instead of writing it, then type-check every program`

await runScript(async () => {
  const { values } = parseCommand('npm run types', {
    options: {
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return console.log(HELP)
  process.chdir(ROOT)
  useDevEnvironment()
  // Wrangler reads its log level when it is loaded.
  process.env['WRANGLER_LOG'] = 'error'
  await generateAll(DEV)
  await writeRuntimeTypes()
  const stale: string[] = []
  for (const worker of workerPrograms()) {
    const path = join(worker.folder, 'env.d.ts')
    const text = await envTypes(worker)
    if (!values.check) writeIfChanged(path, text)
    else if (readIfPresent(path) !== text) stale.push(path)
  }
  if (stale.length > 0) {
    throw new Stop(stale.join(', '), 'Out of date with its wrangler.toml.', 'Run `npm run types`.')
  }
  if (values.check) checkPrograms()
})

function checkPrograms(): void {
  const programs = globSync(
    [
      '{shared,durable-objects,scripts,test}/tsconfig.json',
      '{workers,test/workers}/*/tsconfig.json',
    ],
    { cwd: ROOT },
  ).sort()
  const failed = programs.filter((program) => {
    const { status } = spawnSync('tsc', ['-p', program], { cwd: ROOT, stdio: 'inherit' })
    console.log(`${status === 0 ? '✓' : '✘'} ${dirname(program)}`)
    return status !== 0
  })
  if (failed.length > 0) {
    throw new Stop(
      failed.map((program) => dirname(program)).join(', '),
      'Type errors, listed above.',
      'Fix them.',
    )
  }
}
