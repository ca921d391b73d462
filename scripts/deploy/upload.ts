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
import { bindingsOf, withKnownIds } from './server-bindings.ts'
import type { DeploySettings } from './settings.ts'
import { runWrangler } from './wrangler.ts'

interface Target {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
}

/** @param secrets that it lacks */
export async function uploadServer(
  target: Target,
  name: string,
  { config, left }: DeployConfig,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const { env, servers } = target.settings
  if (servers.kind !== 'namespace') {
    return deploy(target, ['-c', writeConfig(env, { config, left })], secrets)
  }
  const known = withKnownIds(config, await bindingsOf(target, name))
  const args = ['-c', writeConfig(env, { config: known, left })]
  await deploy(target, [...args, '--dispatch-namespace', servers.namespace], secrets)
}

/** Secrets travel with the code: no version ever runs without them. */
export async function uploadPlatform(
  target: Target,
  role: PlatformRole,
  config: DeployConfig,
): Promise<void> {
  const { env } = target.settings
  const secrets = await secretsToSend(env, role, target.state)
  await deploy(target, ['-c', writeConfig(env, config)], secrets)
  const sent = Object.keys(secrets).map((name) => `${role}/${name}` as const)
  if (sent.length > 0) noteSent(env, sent)
}

async function deploy(
  { cloudflare, settings }: Target,
  args: readonly string[],
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const { env } = settings
  const context = { accountId: cloudflare.accountId, env }
  if (Object.keys(secrets).length === 0) {
    await runWrangler(context, ['deploy', ...args])
    return
  }
  const file = join(ROOT, '.gen', 'deploy', env, 'secrets.json')
  try {
    writeIfChanged(file, JSON.stringify(secrets), SECRET_FILE_MODE)
    await runWrangler(context, ['deploy', ...args, '--secrets-file', file])
  } finally {
    rmSync(file, { force: true })
  }
}
