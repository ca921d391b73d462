/** `npm run check`: everything CI does, in one command; see `--help`. */
import { spawnSync } from 'node:child_process'
import { parseCommand } from './command-line.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const HELP = `npm run check [-- --skip-tests]

Runs, and reports together: format, lint, types, all tests, and whether the
lockfile fits package.json.

  --skip-tests   when \`npm test\` has just run`

const STEPS: readonly { name: string; command: readonly [string, ...string[]] }[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  // First, because lint reads the runtime types that this generates.
  { name: 'types', command: ['npm', 'run', '--silent', 'types', '--', '--check'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'lockfile', command: ['npm', 'ci', '--dry-run', '--loglevel=error'] },
  { name: 'tests', command: ['npm', 'test', '--silent'] },
]

await runScript(() => {
  const { values } = parseCommand('npm run check', {
    options: {
      'skip-tests': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const failed: string[] = []
  for (const { name, command } of STEPS) {
    if (name === 'tests' && values['skip-tests']) continue
    console.log(`\n── ${name}`)
    const [program, ...args] = command
    const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) failed.push(name)
    console.log(status === 0 ? `✓ ${name}` : `✘ ${name}`)
  }
  if (failed.length > 0) {
    throw new Stop('npm run check', `Failed: ${failed.join(', ')}.`, 'See above.')
  }
})
