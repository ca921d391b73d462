/** What every script about a deployed platform begins with: its environment, its account. */
import { nextCommand } from '#shared/next-command.ts'
import { useQuietWrangler } from '../environment.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { readPlatform, type DeployedPlatform } from './account.ts'
import { connectCloudflare, type Cloudflare } from './cloudflare.ts'
import { checkEnvironment, PRODUCTION } from './names.ts'
import { readDeployedSettings, settingsFile, type DeploySettings } from './settings.ts'
import type { WranglerContext } from './wrangler.ts'

/** Options every one of these scripts has. */
export const COMMON_OPTIONS = {
  env: { type: 'string', default: PRODUCTION },
  help: { type: 'boolean', default: false, short: 'h' },
} as const

export interface Target {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
  readonly wrangler: WranglerContext
}

/**
 * @param here how the command's work is done on this machine's own platform
 * @throws Stop when nothing of that environment was ever deployed
 */
export async function openTarget(env: string, here: string): Promise<Target> {
  checkEnvironment(env, here)
  process.chdir(ROOT)
  useQuietWrangler()
  const settings = readDeployedSettings(env, here)
  const cloudflare = await connectCloudflare()
  const state = await readPlatform(cloudflare, settings)
  if (!state.platform.oauth || !state.platform.objects) {
    throw new Stop(
      shown(settingsFile(env)),
      `${env} is not deployed on account ${cloudflare.accountId}.`,
      `Run: ${nextCommand(env, 'deploy')}`,
    )
  }
  return { cloudflare, settings, state, wrangler: { accountId: cloudflare.accountId, env } }
}
