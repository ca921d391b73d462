/** What every script about a deployed platform begins with: its arguments, its account. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { useQuietWrangler } from '../environment.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { readPlatform, type DeployedPlatform } from './account.ts'
import { connectCloudflare, type Cloudflare } from './cloudflare.ts'
import { checkEnvironment, PRODUCTION } from './names.ts'
import { readSettings, settingsFile, type DeploySettings } from './settings.ts'
import type { WranglerContext } from './wrangler.ts'

/** Options every one of these scripts has. */
export const COMMON_OPTIONS = {
  env: { type: 'string', default: PRODUCTION },
  help: { type: 'boolean', default: false, short: 'h' },
} as const

/** @throws Stop naming the option that is unknown or lacks its value */
export function parseCommand<Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new Stop(command, (error as Error).message, `See \`${command} -- --help\`.`)
  }
}

export interface Target {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
  readonly wrangler: WranglerContext
}

/** @throws Stop when nothing of that environment was ever deployed */
export async function openTarget(env: string): Promise<Target> {
  checkEnvironment(env)
  process.chdir(ROOT)
  useQuietWrangler()
  const settings = readSettings(env)
  const cloudflare = await connectCloudflare()
  const state = await readPlatform(cloudflare, settings)
  if (!state.platform.oauth || !state.platform.objects) {
    throw new Stop(
      shown(settingsFile(env)),
      `${env} is not deployed on account ${cloudflare.accountId}.`,
      `Run: npm run deploy${envFlag(env)}`,
    )
  }
  return { cloudflare, settings, state, wrangler: { accountId: cloudflare.accountId, env } }
}

/** How a command names its environment. */
export const envFlag = (env: string): string => (env === PRODUCTION ? '' : ` -- --env ${env}`)
