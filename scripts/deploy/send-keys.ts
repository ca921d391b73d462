/** Sends a Worker that runs the keys it does not have, without another upload of its code. */
import { secretsOf, type PlatformKeys } from '../keys/platform-keys.ts'
import type { DeployedWorker } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { checkCopy, readRole, settleKeys } from './key-copy.ts'
import { readKeyFile, type KeyFile, type SecretPath } from './key-file.ts'
import { keySecretsOf, pinOf, pinsOf, standingOf } from './key-pins.ts'
import { PLATFORM_WORKERS, workerName, type PlatformRole } from './names.ts'
import { PIN_TEXT } from './prepare-keys.ts'
import type { DeploySettings } from './settings.ts'
import { runWrangler } from './wrangler.ts'

/**
 * Keys and their pin in one request; nothing where the Worker has all of them.
 *
 * @param anyKeys the Worker may have keys of another copy: these take their place
 * @throws Stop when it has keys of another copy, or gets some meanwhile
 */
export async function sendKeys(
  { cloudflare, settings }: { cloudflare: Cloudflare; settings: DeploySettings },
  role: PlatformRole,
  anyKeys = false,
): Promise<void> {
  const { env } = settings
  const deployed = await readRole(cloudflare, env, role)
  if (!anyKeys) checkCopy(env, { platform: { [role]: deployed } })
  const file = readKeyFile(env)
  const paths = file ? dueOf(file, role, deployed) : []
  if (!file || paths.length === 0) return
  const before = pinsOf(deployed)
  const texts = textsOf(file.keys)
  const body = {
    ...Object.fromEntries(before.map((pin) => [pin, null])),
    ...Object.fromEntries(paths.map((path) => [path.slice(role.length + 1), texts.get(path)])),
    [pinOf(file, role)]: PIN_TEXT,
  }
  const worker = workerName(PLATFORM_WORKERS[role], env)
  const context = { accountId: cloudflare.accountId, env }
  await runWrangler(context, ['secret', 'bulk', '--name', worker], JSON.stringify(body))
  await settleKeys(cloudflare, env, role, { before, sent: paths })
}

/** What is new, and all of it where another copy was sent beside this one. */
function dueOf(
  file: KeyFile,
  role: PlatformRole,
  deployed: DeployedWorker | undefined,
): SecretPath[] {
  if (standingOf(file, role, deployed) !== 'mixed') {
    return file.unsent.filter((path) => path.startsWith(`${role}/`))
  }
  return keySecretsOf(file.keys, role).map(([name]) => `${role}/${name}` as const)
}

/** `router/SIGNING_KEY` → its text. */
export function textsOf(keys: PlatformKeys): Map<string, string> {
  const secrets = Object.entries(secretsOf(keys)).flatMap(([role, all]) =>
    Object.entries(all as Record<string, string>).map(
      ([name, text]) => [`${role}/${name}`, text] as const,
    ),
  )
  return new Map(secrets)
}
