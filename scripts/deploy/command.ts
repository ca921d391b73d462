/** What every script about a deployed platform begins with: its environment, its account. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { useQuietWrangler } from '../environment.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { readPlatform, type DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { checkCopy } from './key-copy.ts'
import { checkEnvironment, PRODUCTION } from './names.ts'
import { connectTo } from './pinned-account.ts'
import { readDeployedSettings, settingsFile, type DeploySettings } from './settings.ts'
import type { WranglerContext } from './wrangler.ts'

/** @throws Stop while a change of the form of SERVERS is not tidied up: a server may be in two places */
export function checkSettled({ settings }: Pick<Target, 'settings'>): void {
  if (!settings.moving) return
  throw new Stop(
    shown(settingsFile(settings.env)),
    'A change of the form of SERVERS is not tidied up.',
    `Run first: ${nextCommand(settings.env, 'deploy')}`,
  )
}

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
 * @param anyKeys the command makes all keys anew: those on this machine need not fit
 * @throws Stop when nothing of that environment was ever deployed, when it is on another
 *   account, or when the keys on this machine are not those it runs with
 */
export async function openTarget(env: string, here: string, anyKeys = false): Promise<Target> {
  checkEnvironment(env, here)
  process.chdir(ROOT)
  useQuietWrangler()
  const settings = readDeployedSettings(env, here)
  const cloudflare = await connectTo(settings)
  const state = await readPlatform(cloudflare, settings)
  if (!state.platform.oauth || !state.platform.objects) {
    throw new Stop(
      shown(settingsFile(env)),
      `${env} is not deployed on account ${cloudflare.accountId}.`,
      `Run: ${nextCommand(env, 'deploy')}`,
    )
  }
  if (!anyKeys) checkCopy(env, state)
  return { cloudflare, settings, state, wrangler: { accountId: cloudflare.accountId, env } }
}
