import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { createOutputFilter } from '../../../scripts/dev-output.ts'
import { ROOT } from '../../../scripts/root.ts'

const shown = (lines: readonly string[]): string[] => {
  const filter = createOutputFilter()
  return lines.map(filter).filter((line) => line !== undefined)
}

test('requests, logs and errors of Workers are shown', () => {
  expect(
    shown([
      '[wrangler:info] POST /clock/mcp 200 OK (7ms)',
      '[clock] now in Europe/Berlin',
      '✘ [ERROR] Uncaught TypeError',
    ]),
  ).toEqual([
    'POST /clock/mcp 200 OK (7ms)',
    '[clock] now in Europe/Berlin',
    '✘ [ERROR] Uncaught TypeError',
  ])
})

test('what a handler logs is shown as it was said', () => {
  expect(shown(['[undefined] rolling 3'])).toEqual(['rolling 3'])
})

test("what a handler throws is shown with the author's lines, not the bundle's", async () => {
  mkdirSync(join(ROOT, '.gen'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.gen', 'thrown-'))
  try {
    const source = join(folder, 'roll.ts')
    writeFileSync(
      source,
      `type Env = object\n\nexport function roll(env: any) {\n  env.NOTES.put()\n}\n`,
    )
    const outfile = join(folder, 'index.js')
    await build({ entryPoints: [source], outfile, format: 'esm', minify: true, sourcemap: true })
    const { roll } = await import(outfile)
    const { name, message, stack } = thrownBy(() => roll({}))
    const fields = { ref: 'a5a82085', name, message, stack, server: 'dice', tool: 'roll' }
    const line = `\u001b[31m✘ [ERROR]\u001b[0m ${JSON.stringify({ event: 'tool_failed', ...fields })}\u001b[0m`
    const [head, at] = (shown([line])[0] ?? '').split('\n')
    expect(head).toBe(`✘ dice/roll: TypeError: ${message} (ref a5a82085)`)
    expect(at).toMatch(/^ {4}at .*\.gen\/thrown-\w+\/roll\.ts:4\)?$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function thrownBy(act: () => void): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

test('what is no JSON, or no failure, is shown as it is', () => {
  const lines = ['{"event":"tool_failed",oops}', '[mcp-edge-objects] {"event":"published"}']
  expect(shown(lines)).toEqual(lines)
})

test("wrangler's tables and hints are not", () => {
  expect(
    shown([
      'Using secrets defined in .gen/dev-8787/router/.dev.vars',
      'mcp-edge-router has access to the following bindings:',
      'Binding                 Resource            Mode',
      'env.FEED (FeedObject)   Durable Object      local',
      'env.CATALOG_KV          KV Namespace        local',
      'env.ATTACHMENTS         R2 Bucket           local',
      '▲ [WARNING] Missing required secrets: WEATHER_KEY. Add them to .dev.vars',
      '⎔ Shutting down local server...',
      '🪵  Logs were written to "/tmp/wrangler.log"',
      '[wrangler:info] GET /health 200 OK (2ms)',
      '',
    ]),
  ).toEqual([])
})

test("a failed build shows the generator's screen, not wrangler's dump of it", () => {
  expect(
    shown([
      '[custom build] Running: npx --no mcp-edge-gen clock',
      '[custom build] ✘ workers/clock/tools/now.ts:2:1',
      '[custom build]   Unexpected end of file',
      '\u001b[31m✘ [ERROR]\u001b[0m k [Error]: Process exited with non-zero status (1)',
      '    result: I {',
      '      pid: 14579,',
      '\u001b[31m✘ [ERROR]\u001b[0m Running custom build `npx --no mcp-edge-gen clock` failed. There are …',
      'POST after the dump',
    ]),
  ).toEqual(['✘ workers/clock/tools/now.ts:2:1', '  Unexpected end of file', 'POST after the dump'])
})
