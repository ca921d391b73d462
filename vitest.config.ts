/** Three projects, one after the other: together they would starve each other on two cores. */
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { paced } from './test/_pace.ts'

/** Real Workers start in these tests, and each takes a second. */
const WORKERS_TIMEOUT_MS = paced(20_000)

/** How long a test waits for what it polls: the cores may be busy with another file's start. */
const PATIENT = { poll: { timeout: paced(5_000) } }

/** Pure and quick, but generated inputs take a while. */
const UNIT_TIMEOUT_MS = paced(10_000)

/** Of these tests alone: 32 bytes, base64url. */
const TEST_CAPABILITY_SECRETS = `k1:${'c'.repeat(43)}`
/** No service: enough to open, or not to open, what was linked. */
const TEST_CONNECTIONS = JSON.stringify({ secrets: `k1:${'d'.repeat(43)}`, providers: {} })

/** Whom the Task object calls, in its own tests; the real one is in those of test/e2e. */
const ROUTER_STAND_IN = {
  name: 'mcp-edge-router',
  compatibilityDate: '2026-10-01',
  compatibilityFlags: ['enable_request_signal'],
  modules: [{ type: 'ESModule' as const, path: 'test/workers/objects/_router-worker.js' }],
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: UNIT_TIMEOUT_MS,
          expect: PATIENT,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './durable-objects/wrangler.toml' },
            miniflare: {
              bindings: {
                CAPABILITY_SECRETS: TEST_CAPABILITY_SECRETS,
                CONNECTIONS: TEST_CONNECTIONS,
              },
              workers: [ROUTER_STAND_IN],
            },
          }),
        ],
        test: {
          name: 'workers',
          // In workerd there is no environment to read it from.
          provide: { isLong: process.env['TEST_LONG'] !== undefined },
          include: ['test/workers/{objects,oauth}/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: WORKERS_TIMEOUT_MS,
          expect: PATIENT,
          hookTimeout: WORKERS_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/conformance/**/*.test.ts'],
          globalSetup: ['test/e2e/_generate.ts'],
          testTimeout: WORKERS_TIMEOUT_MS,
          expect: PATIENT,
          hookTimeout: WORKERS_TIMEOUT_MS,
          sequence: { groupOrder: 2 },
          // Each file starts a platform of its own and waits as much as it works: three for two cores.
          maxWorkers: 3,
        },
      },
    ],
  },
})
