/** What whoever mistypes a command reads: never a stack, never a command that does something else. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseCommand } from '../../../scripts/command-line.ts'
import { ROOT } from '../../../scripts/root.ts'
import { Stop } from '../../../scripts/stop.ts'

const OPTIONS = {
  env: { type: 'string', default: 'production' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const
const parse = () => parseCommand('npm run deploy', { allowPositionals: true, options: OPTIONS })

describe('an option in front of which the lone "--" is missing', () => {
  afterEach(() => vi.unstubAllEnvs())

  // `npm run deploy --dry-run` must not deploy, `--env=staging` not mean production.
  test.each([
    ['npm_config_dry_run', 'true', '-- --dry-run'],
    ['npm_config_env', 'staging', '-- --env …'],
  ])('as %s stops the command', (variable, value, remedy) => {
    vi.stubEnv(variable, value)
    expect(parse).toThrow(/npm kept --\S+ for itself: nothing was done\.\n.*→ /)
    expect(parse).toThrow(remedy)
  })

  test("is not taken for one where it may be a setting of npm's own", () => {
    vi.stubEnv('npm_config_json', 'true')
    vi.stubEnv('npm_config_dry_run', '')
    expect(parse).not.toThrow()
  })
})

test('an unknown option is named, without the advice Node adds', () => {
  const args = ['--dryrun']
  const config = { allowPositionals: true, options: OPTIONS, args }
  const asked = new Stop(
    'npm run deploy',
    "Unknown option '--dryrun'.",
    'See `npm run deploy -- --help`.',
  )
  expect(() => parseCommand('npm run deploy', config)).toThrow(asked)
})

test('every command reads its options this way', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const files = Object.values<string>(scripts).flatMap(
    (line) => / (scripts\/\w\S+)$/.exec(line)?.[1] ?? [],
  )
  expect(files).toContain('scripts/deploy.ts')
  // Wrangler calls the generator, under another name and with npm's settings around it.
  for (const file of files.filter((each) => each !== 'scripts/gen/cli.ts')) {
    const source = readFileSync(join(ROOT, file), 'utf8')
    const reads = file === 'scripts/catalog.ts' ? "from './catalog/arguments.ts'" : 'parseCommand('
    expect(source, file).toContain(reads)
  }
})

const script = (name: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('node', [join(ROOT, 'scripts', name), ...args], {
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

describe('an environment that was never deployed from here', () => {
  test.each([
    ['api-key.ts list', 'say --env dev'],
    ['machine.ts add probe --server clock', 'say --env dev'],
    ['secret.ts clock put KEY', 'workers/clock/.dev.vars'],
    ['mint-owner-link.ts', 'npm run dev prints a link'],
    ['rotate.ts tokens', 'npm run rotate tokens -- --env dev'],
  ])('%s says what to do on this machine', (line, here) => {
    const { status, output } = script(...(line.split(' ') as [string]), '--env', 'no-such')
    expect(status).toBe(1)
    expect(output).toMatch(/✘ deploy\.no-such\.json\n.*was never deployed/)
    expect(output).toContain(`→ On this machine: `)
    expect(output).toContain(here)
    expect(output).toContain('npm run deploy -- --env no-such --origin')
  })

  test('keeps no machine whose secret nobody was shown', () => {
    expect(existsSync(join(ROOT, '.keys/machines.no-such.json'))).toBe(false)
  })
})
