/** One Worker to the account, by wrangler. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_FILE_MODE, writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT } from '../root.ts'
import type { DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { writeConfig, type DeployConfig } from './config.ts'
import { noteSent } from './key-file.ts'
import type { PlatformRole } from './names.ts'
import { secretsToSend } from './prepare-keys.ts'
import type { DeploySettings } from './settings.ts'
import { runWrangler } from './wrangler.ts'

interface Target {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
}

export async function uploadServer(
  { cloudflare, settings }: Target,
  config: DeployConfig,
): Promise<void> {
  const { env, servers } = settings
  const into = servers.kind === 'namespace' ? ['--dispatch-namespace', servers.namespace] : []
  const args = ['deploy', '-c', writeConfig(env, config), ...into]
  await runWrangler({ accountId: cloudflare.accountId, env }, args)
}

/** Secrets travel with the code: no version ever runs without them. */
export async function uploadPlatform(
  { cloudflare, settings, state }: Target,
  role: PlatformRole,
  config: DeployConfig,
): Promise<void> {
  const { env } = settings
  const secrets = await secretsToSend(env, role, state)
  const context = { accountId: cloudflare.accountId, env }
  const args = ['deploy', '-c', writeConfig(env, config)]
  if (Object.keys(secrets).length === 0) {
    await runWrangler(context, args)
    return
  }
  const file = join(ROOT, '.gen', 'deploy', env, 'secrets.json')
  try {
    writeIfChanged(file, JSON.stringify(secrets), SECRET_FILE_MODE)
    await runWrangler(context, [...args, '--secrets-file', file])
  } finally {
    rmSync(file, { force: true })
  }
  const sent = Object.keys(secrets).map((name) => `${role}/${name}` as const)
  noteSent(env, sent)
}
