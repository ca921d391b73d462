/**
 * An installation stays on its Cloudflare account. Another sign-in, or another
 * CLOUDFLARE_ACCOUNT_ID, would find nothing there and build a second one.
 */
import { nextCommand } from '#shared/lib/next-command.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { connectCloudflare, type Cloudflare } from './cloudflare.ts'
import { keyFilePath, readKeyFile } from './key-file.ts'
import { settingsFile, type DeploySettings } from './settings.ts'

/**
 * The account of an installation.
 *
 * @param wanted what `--account` says: that account is meant, also where another one is known
 * @throws Stop when the sign-in does not lead there; names both accounts
 */
export async function connectTo(settings: DeploySettings, wanted?: string): Promise<Cloudflare> {
  const cloudflare = await connectCloudflare(wanted ?? settings.accountId)
  checkAccount(settings, cloudflare.accountId, wanted)
  return cloudflare
}

function checkAccount(
  { env, accountId }: DeploySettings,
  connected: string,
  wanted?: string,
): void {
  if (wanted !== undefined) {
    if (wanted === connected) return
    throw new Stop(
      '--account',
      `You are signed in to account ${connected}, and --account names ${wanted}.`,
      `Set CLOUDFLARE_ACCOUNT_ID=${wanted}, or sign in there.`,
    )
  }
  const known = accountId ?? readKeyFile(env)?.accountId
  if (known === undefined || known === connected) return
  const where = shown(accountId === undefined ? keyFilePath(env) : settingsFile(env))
  const again = nextCommand(env, 'deploy', '--account', connected)
  throw new Stop(
    where,
    `${env} is on account ${known}, and you are signed in to account ${connected}.`,
    `Set CLOUDFLARE_ACCOUNT_ID=${known}, or sign in there. To leave it as it is and build
    ${env} once more, without its data, on the other account: ${again}`,
  )
}
