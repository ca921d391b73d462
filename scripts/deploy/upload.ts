/** One Worker to the account, by wrangler. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_FILE_MODE, writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT } from '../root.ts'
import { Interrupted, Stop } from '../stop.ts'
import type { DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { writeConfig, type DeployConfig } from './config.ts'
import { checkCopy, readRole, settleKeys } from './key-copy.ts'
import { pinsOf } from './key-pins.ts'
import { PLATFORM_WORKERS, workerName, type PlatformRole } from './names.ts'
import { secretsToSend } from './prepare-keys.ts'
import { withResources } from './provision.ts'
import { heldBindings } from './server-bindings.ts'
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
  const { cloudflare, settings } = target
  const { env, servers } = settings
  const worker = workerName(name, env)
  const held = await heldBindings(target, name)
  const whole = await withResources(cloudflare, worker, config, held)
  const args = ['-c', writeConfig(env, { config: whole, left })]
  if (servers.kind !== 'namespace') return deploy(target, args, secrets)
  // Wrangler would look for what it has in the account's Worker of that name (provision.ts).
  const there = ['--dispatch-namespace', servers.namespace, '--no-experimental-provision']
  await deploy(target, [...args, ...there], secrets)
}

/**
 * Secrets travel with the code: no version ever runs without them.
 *
 * @throws Stop when the Worker has, or meanwhile gets, keys of another copy
 */
export async function uploadPlatform(
  target: Target,
  role: PlatformRole,
  { config, left }: DeployConfig,
): Promise<void> {
  const { cloudflare, settings } = target
  const { env } = settings
  const deployed = await readRole(cloudflare, env, role)
  checkCopy(env, { platform: { [role]: deployed } })
  const secrets = await secretsToSend(env, role, deployed)
  const worker = workerName(PLATFORM_WORKERS[role], env)
  const whole = await withResources(cloudflare, worker, config, deployed?.bindings ?? [])
  const before = pinsOf(deployed)
  try {
    await deploy(target, ['-c', writeConfig(env, { config: whole, left })], secrets)
  } catch (error) {
    // Refused, perhaps because another first deploy was there in between: then say that.
    if (error instanceof Stop && !(error instanceof Interrupted)) {
      checkCopy(env, { platform: { [role]: await readRole(cloudflare, env, role) } })
    }
    throw error
  }
  const sent = Object.keys(secrets).map((name) => `${role}/${name}` as const)
  if (sent.length > 0) await settleKeys(cloudflare, env, role, { before, sent })
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
