import { expect, test } from 'vitest'
import { createOutputFilter } from '../../../scripts/dev-output.ts'

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
