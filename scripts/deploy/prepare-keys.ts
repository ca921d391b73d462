/** Before anything is uploaded: keys, trust anchor, and which secrets an upload must bring. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { secretsOf } from '../keys/platform-keys.ts'
import { trustFile } from '../gen/trust.ts'
import { secretNames, type DeployedPlatform, type DeployedWorker } from './account.ts'
import {
  keyFilePath,
  makeKeyFile,
  readKeyFile,
  renewedKeyFile,
  trustedAnchors,
  writeKeyFile,
  writeTrust,
  type SecretPath,
} from './key-file.ts'
import { keySecretsOf, pinOf, pinsOf, standingOf } from './key-pins.ts'
import { PLATFORM_ROLES, type PlatformRole } from './names.ts'
import { readRequiredSecrets } from './required-secrets.ts'
import type { Step } from './steps.ts'

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/**
 * @param accountId where the keys will be used
 * @returns what must be done on this machine first
 * @throws Stop when the account was set up with keys that are not here and are needed
 */
export function keySteps(env: string, state: DeployedPlatform, accountId: string): Step[] {
  const file = readKeyFile(env)
  if (!file) return withoutKeyFile(env, state, accountId)
  if (file.rotating !== undefined) {
    throw new Stop(
      shown(keyFilePath(env)),
      `A rotation (${file.rotating}) was begun and is not finished.`,
      `Run: ${nextCommand(env, 'rotate', file.rotating)}`,
    )
  }
  const anchors = trustedAnchors(env)
  if (anchors.length === 0) return [trustStep(env)]
  if (anchors.some(({ x }) => x === file.keys.anchor.publicJwk.x)) return []
  throw new Stop(
    shown(trustFile(env)),
    `It trusts another anchor than ${shown(keyFilePath(env))} holds: servers built now would refuse the router.`,
    'Restore the file that is out of date from version control or your copy of it.',
  )
}

function withoutKeyFile(env: string, state: DeployedPlatform, accountId: string): Step[] {
  if (!hasSecrets(state)) return [newKeysStep(env, accountId)]
  const missing = missingSecrets(state)
  if (missing.length > 0) {
    throw new Stop(
      shown(keyFilePath(env)),
      `The account lacks ${missing.join(', ')}, and the keys of ${env} are not on this machine.`,
      `Deploy where they are, or copy the file here; if it is lost: ${nextCommand(env, 'rotate', 'everything')}`,
    )
  }
  if (trustedAnchors(env).length > 0) return []
  throw new Stop(
    shown(trustFile(env)),
    `The platform runs, but its trust anchor is not in this checkout.`,
    'Fetch the commit that holds the file.',
  )
}

const hasSecrets = ({ platform }: DeployedPlatform): boolean =>
  PLATFORM_ROLES.some((role) => secretNames(platform[role]).size > 0)

function missingSecrets(state: DeployedPlatform): SecretPath[] {
  return PLATFORM_ROLES.flatMap((worker) =>
    readRequiredSecrets(worker)
      .filter((name) => !secretNames(state.platform[worker]).has(name))
      .map((name) => `${worker}/${name}` as const),
  )
}

const newKeysStep = (env: string, accountId: string): Step => ({
  title: `make keys: ${shown(keyFilePath(env))} (keep a copy) and ${shown(trustFile(env))} (commit it)`,
  async run() {
    const file = await makeKeyFile(nowSeconds())
    writeKeyFile(env, { ...file, accountId })
    writeTrust(env, [file.keys.anchor.publicJwk])
  },
})

const trustStep = (env: string): Step => ({
  title: `write ${shown(trustFile(env))} (commit it)`,
  async run() {
    const file = readKeyFile(env)
    if (file) writeTrust(env, [file.keys.anchor.publicJwk])
  },
})

/**
 * Secrets an upload of a Worker must carry: what it lacks or has an old value of, with the
 * pin of this file's keys (key-pins.ts).
 *
 * @param worker as it is now; `undefined`: not there yet
 */
export async function secretsToSend(
  env: string,
  role: PlatformRole,
  worker: DeployedWorker | undefined,
): Promise<Record<string, string>> {
  const file = await renewedKeyFile(env, nowSeconds())
  if (!file) return {}
  const has = secretNames(worker)
  const mixed = standingOf(file, role, worker) === 'mixed'
  const keys = keySecretsOf(file.keys, role).map(([name]) => name)
  const all = secretsOf(file.keys, process.env['OIDC_CLIENT_SECRET'])[role]
  const due = Object.entries(all as Record<string, string>).filter(
    ([name, value]) =>
      value !== '' &&
      (!has.has(name) || file.unsent.includes(`${role}/${name}`) || (mixed && keys.includes(name))),
  )
  const changes = due.some(([name]) => keys.includes(name))
  const pin = changes || pinsOf(worker).length === 0 ? [[pinOf(file, role), PIN_TEXT]] : []
  return Object.fromEntries([...due, ...pin]) as Record<string, string>
}

/** Cloudflare takes no empty secret; the name says all. */
export const PIN_TEXT = 'pin'
