/** Command lines that are shown: each names its environment, because one function makes them all. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENVIRONMENT_COMMANDS, nextCommand } from '#shared/lib/next-command.ts'
import { ROOT } from '../../../scripts/root.ts'

describe('nextCommand', () => {
  test.each([
    [nextCommand('production', 'deploy'), 'npm run deploy'],
    [nextCommand('production', 'rotate', 'anchor'), 'npm run rotate anchor'],
    [
      nextCommand('production', 'rotate', 'anchor', '--finish'),
      'npm run rotate anchor -- --finish',
    ],
    [nextCommand('staging', 'deploy'), 'npm run deploy -- --env staging'],
    [
      nextCommand('staging', 'rotate', 'anchor', '--finish'),
      'npm run rotate anchor -- --env staging --finish',
    ],
    [nextCommand('staging', 'api-key', 'revoke', 'x'), 'npm run api-key -- revoke x --env staging'],
    // Without --env these two mean every environment, and this machine.
    [nextCommand('production', 'doctor'), 'npm run doctor -- --env production'],
    [nextCommand('production', 'catalog', 'whoami'), 'npm run catalog -- whoami --env production'],
    [nextCommand('dev', 'catalog', 'whoami'), 'npm run catalog -- whoami'],
    [
      nextCommand({ env: 'dev', url: 'https://x.example' }, 'catalog', 'show', 'notes'),
      'npm run catalog -- show notes --url https://x.example',
    ],
  ])('%s', (line, expected) => expect(line).toBe(expected))
})

describe('no other file writes such a command line', () => {
  const names = Object.keys(ENVIRONMENT_COMMANDS).join('|')
  const written = new RegExp(`(npm run (${names})\\b|\\$\\{COMMAND\\}).*`, 'g')
  const files = globSync(
    ['scripts/**/*.ts', 'workers/{router,oauth}/**/*.{ts,tsx}', 'shared/**/*.ts'],
    {
      cwd: ROOT,
    },
  ).filter((file) => file !== 'shared/lib/next-command.ts' && !file.endsWith('.d.ts'))

  /** Comments, help and the name of the command itself, which heads a message. */
  const withoutExempt = (source: string): string =>
    source
      .replaceAll(/\/\*[^]*?\*\//g, '')
      .replaceAll(/^\s*\/\/.*$/gm, '')
      .replaceAll(/^const HELP = `[^]*?`$/gm, '')
      .replaceAll(/(const COMMAND = |parseCommand\(|checkNames\()'npm run [\w-]+'/g, '')
      .replaceAll(/(npm run [\w-]+|\$\{COMMAND\}) -- --(help|local)/g, '')

  test('it looks at what it should', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(withoutExempt("x = 'npm run rotate everything'").match(written)).toHaveLength(1)
    expect(withoutExempt('x = `${COMMAND} -- --yes`').match(written)).toHaveLength(1)
  })

  test.each(files)('%s', (file) => {
    const source = readFileSync(join(ROOT, file), 'utf8')
    expect(withoutExempt(source).match(written) ?? []).toEqual([])
  })
})
