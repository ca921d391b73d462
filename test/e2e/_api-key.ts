/** `npm run api-key`, as an operator runs it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ROOT } from '../../scripts/root.ts'
import type { Platform } from './_platform.ts'

const run = promisify(execFile)

export interface Shown {
  id: string
  key: string
  [member: string]: unknown
}

/** @returns what it printed @throws with `stderr`, when it ends with another code than 0 */
export async function apiKeyCommand(platform: Platform, ...args: string[]): Promise<string> {
  const where = ['--env', 'dev', '--url', platform.origin]
  const { stdout } = await run(process.execPath, ['scripts/api-key.ts', ...args, ...where], {
    cwd: ROOT,
  })
  return stdout
}

export const apiKeyJson = async (platform: Platform, ...args: string[]): Promise<Shown> =>
  JSON.parse(await apiKeyCommand(platform, ...args, '--json')) as Shown
