/**
 * Runs one requirement set of the official suite against a URL and reads what it
 * found. `checks.json` decides: the exit code knows neither warnings nor the
 * scenarios that are reported without being scored.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../scripts/root.ts'

const run = promisify(execFile)
export const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
/** A set takes 2–3 s; two slow shared cores take longer. */
const SET_TIMEOUT_MS = 120_000
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024

export const REQUIREMENT_SETS = ['2025-11-25', '2026-07-28'] as const
export type RequirementSet = (typeof REQUIREMENT_SETS)[number]

export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'

export interface Check {
  readonly id: string
  readonly status: Status
  readonly errorMessage?: string
}

/** Server scenarios of a set: those that score, and those that are only reported. */
export async function scenariosOf(
  set: RequirementSet,
): Promise<{ scored: string[]; all: string[] }> {
  const { stdout } = await run(process.execPath, [SUITE, 'list', '--requirements', set])
  const [, scoredText = ''] = /Server scenarios[^\n]*\n([^]*?)\n\n/.exec(stdout) ?? []
  const scored = [...scoredText.matchAll(/^ {2}- (\S+)$/gm)].map(([, name = '']) => name)
  const unscored = [...stdout.matchAll(/^ {4}- (\S+) \[server\]$/gm)].map(([, name = '']) => name)
  return { scored, all: [...scored, ...unscored] }
}

/** @returns checks by scenario, as far as the suite wrote any */
export async function runSet(url: URL, set: RequirementSet): Promise<Map<string, Check[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-conformance-'))
  const args = ['server', '--url', url.href, '--requirements', set, '-o', folder]
  try {
    await run(process.execPath, [SUITE, ...args], {
      timeout: SET_TIMEOUT_MS,
      maxBuffer: OUTPUT_MAX_BYTES,
    }).catch(exitedWithFailures)
    return new Map(readdirSync(folder).map((name) => [scenarioOf(name), checksOf(folder, name)]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Exit code 1 says that a scenario failed: judged by its checks. Anything else is a broken run. */
function exitedWithFailures(error: unknown): void {
  if ((error as { code?: unknown }).code !== 1) throw error
}

/** `server-<scenario>-<ISO time, colons and dots as hyphens>` */
const scenarioOf = (folder: string): string =>
  folder.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '')

const checksOf = (folder: string, name: string): Check[] =>
  JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8')) as Check[]

/** What the project calls passed: something was checked, and nothing but SUCCESS came of it. */
export const unmet = (checks: readonly Check[]): string[] => [
  ...new Set(
    checks.filter(({ status }) => status !== 'SUCCESS' && status !== 'INFO').map(({ id }) => id),
  ),
]
