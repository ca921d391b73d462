/** Runs wrangler for the deploy scripts: quiet, without questions, ended by Ctrl-C. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { QUIET_WRANGLER } from '../environment.ts'
import { ENVIRONMENT_VARIABLE } from '../gen/trust.ts'
import { ROOT } from '../root.ts'
import { checkInterruption } from './interruption.ts'
import { Interrupted, Stop } from '../stop.ts'

/** What one screen holds of a failed run. */
const SHOWN_LINES_MAX = 25
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')

export interface WranglerContext {
  readonly accountId: string
  /** Environment whose trust anchor a build embeds. */
  readonly env: string
}

/**
 * @param input written to its standard input
 * @returns what it printed
 * @throws Stop with its last lines when it fails; Interrupted when Ctrl-C ended it
 */
export async function runWrangler(
  { accountId, env }: WranglerContext,
  args: readonly string[],
  input = '',
): Promise<string> {
  checkInterruption()
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...QUIET_WRANGLER,
      CI: '1',
      CLOUDFLARE_ACCOUNT_ID: accountId,
      [ENVIRONMENT_VARIABLE]: env,
    },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stdin.on('error', () => {}).end(input)
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    child.kill('SIGINT')
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (interrupted) throw new Interrupted()
  if (code === 0) return output
  throw new Stop(
    `wrangler ${args.slice(0, 2).join(' ')}`,
    lastLines(output),
    'Fix that, then run the same command again.',
  )
}

function lastLines(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !line.includes('Logs were written to'))
  const error = lines.findIndex((line) => line.includes('[ERROR]'))
  return lines
    .slice(error < 0 ? -SHOWN_LINES_MAX : error)
    .slice(0, SHOWN_LINES_MAX)
    .join('\n')
}
