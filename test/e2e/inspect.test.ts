/** `npm run inspect`: what it says before the Inspector (fetched by npx) is opened. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../scripts/root.ts'

function inspect(...args: string[]) {
  const script = join(ROOT, 'scripts', 'inspect.ts')
  const { status, stdout, stderr } = spawnSync('node', [script, ...args], { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

test('--help says what it does and how to sign in', () => {
  const { status, output } = inspect('--help')
  expect(status).toBe(0)
  expect(output).toContain('official MCP Inspector')
  expect(output).toContain('sign-in link')
})

test.each([
  [['--origin', 'http://localhost:1'], 'No platform answers', 'npm run dev'],
  [['nosuch'], 'There is no server "nosuch"', 'Servers: clock'],
  [['--era', 'stone'], 'There is no era "stone"', 'auto, modern, legacy'],
  [['--origin', 'nowhere'], '"nowhere" is no origin', 'http://localhost'],
  [['--what'], 'Unknown option', '--help'],
])('%j is refused with the remedy', (args, what, remedy) => {
  const { status, output } = inspect(...args)
  expect(output).toContain(what)
  expect(output).toContain(remedy)
  expect(status).toBe(1)
})
