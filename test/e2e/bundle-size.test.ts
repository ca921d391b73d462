/**
 * What is deployed stays small: it decides how fast an isolate wakes (minified, gzip). And what
 * the other e2e tests run is what is deployed.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BundleSize } from '../../scripts/bench/bundle.ts'
import { measureOwnSizes } from '../../scripts/bench/real-workers.ts'
import { useDevEnvironment } from '../../scripts/environment.ts'
import { ROOT } from '../../scripts/root.ts'
import { bundleOf } from './_bundles.ts'

let sizes: ReadonlyMap<string, BundleSize>
let folder: string
beforeAll(async () => {
  useDevEnvironment()
  mkdirSync(join(ROOT, '.gen'), { recursive: true })
  folder = mkdtempSync(join(ROOT, '.gen', 'sizes-'))
  sizes = await measureOwnSizes({ folder, minify: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  // 0.8 of it: what KV holds is checked before it is believed.
  ['router', 47],
  // workers-oauth-provider alone is 33 of it; the rest is what strangers may send, and what they are told.
  ['oauth', 99],
  // A server with one tool.
  ['clock', 40],
])('%s is at most %i KiB', (name, atMostKib) => {
  const { gzipBytes = Infinity } = sizes.get(name) ?? {}
  expect(gzipBytes / 1024).toBeLessThanOrEqual(atMostKib)
})

/** Names that minifying gives and the order of modules may differ; a module more or less shows. */
const SAME_WITHIN = 0.01

test.each([
  ['router', 'router'],
  ['oauth', 'oauth'],
  ['objects', 'durable-objects'],
  ['clock', 'clock'],
])('%s as the e2e tests run it is as wrangler bundles it', (name, deployed) => {
  const { minifiedBytes = 0 } = sizes.get(deployed) ?? {}
  const { size } = statSync(bundleOf(name))
  expect(Math.abs(size - minifiedBytes) / minifiedBytes).toBeLessThan(SAME_WITHIN)
})
