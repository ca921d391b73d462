/**
 * Two people, two copies of `.keys`: whether the copy on this machine is the one the
 * platform runs with, asked before anything is changed, and once more after keys were
 * sent, since another copy may have been sent in between.
 */
import { nextCommand } from '#shared/lib/next-command.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { trustFile } from '../gen/trust.ts'
import { readWorker, type DeployedPlatform, type DeployedWorker } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import {
  FIRST_GENERATION,
  fingerprintOf,
  generationOf,
  pinOf,
  pinsOf,
  standingOf,
} from './key-pins.ts'
import { keyFilePath, noteSent, readKeyFile, type SecretPath } from './key-file.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName, type PlatformRole } from './names.ts'
import { settingsFile } from './settings.ts'

export interface CopyProblem {
  readonly where: string
  readonly what: string
  readonly remedy: string
}

/** @returns `undefined` where the copy fits, or there is none on this machine */
export function copyProblem(
  env: string,
  platform: Partial<Record<PlatformRole, DeployedWorker | undefined>>,
): CopyProblem | undefined {
  const file = readKeyFile(env)
  if (!file) return undefined
  const role = PLATFORM_ROLES.find((each) => standingOf(file, each, platform[each]) === 'other')
  if (role === undefined) return undefined
  const there = Math.max(...pinsOf(platform[role]).map(generationOf))
  const here = file.generation ?? FIRST_GENERATION
  const worker = workerName(PLATFORM_WORKERS[role], env)
  const which =
    there > here
      ? `an older copy: ${worker} has generation ${there} of the keys, this file has ${here}`
      : `another copy: ${worker} has keys that this file never had (generation ${there})`
  return {
    where: shown(keyFilePath(env)),
    what: `These are not the keys ${env} runs with. It is ${which}.`,
    remedy: [
      `Get ${shown(keyFilePath(env))} from the person who deployed or rotated last, with`,
      `    ${shown(trustFile(env))} and ${shown(settingsFile(env))}, and put them in place of yours.`,
      `    A deploy also goes without a key file: move yours away.`,
      `    If the newer keys are lost: ${nextCommand(env, 'rotate', 'everything')}`,
    ].join('\n'),
  }
}

/** @throws Stop when the keys on this machine are not those of the platform */
export function checkCopy(env: string, { platform }: Pick<DeployedPlatform, 'platform'>): void {
  const problem = copyProblem(env, platform)
  if (problem) throw new Stop(problem.where, problem.what, problem.remedy)
}

/** As it is now, not as it was when the command began. */
export const readRole = (cloudflare: Cloudflare, env: string, role: PlatformRole) =>
  readWorker(cloudflare, workerName(PLATFORM_WORKERS[role], env))

/**
 * After keys were sent: takes the pins away that these keys replaced, and notes that the
 * account has them.
 *
 * @param before pins of the Worker before the keys were sent
 * @throws Stop when keys of another copy arrived meanwhile: whose are in force is unknown
 */
export async function settleKeys(
  cloudflare: Cloudflare,
  env: string,
  role: PlatformRole,
  { before, sent }: { before: readonly string[]; sent: readonly SecretPath[] },
): Promise<void> {
  const file = readKeyFile(env)
  if (!file) return
  const current = pinOf(file, role)
  const worker = workerName(PLATFORM_WORKERS[role], env)
  const pins = pinsOf(await readRole(cloudflare, env, role))
  if (pins.some((pin) => pin !== current && !before.includes(pin))) throw atOnce(env, worker)
  // What was sent were secrets of an operator's own: the pins say what they said.
  const replaced = pins.includes(current) ? pins.filter((pin) => pin !== current) : []
  for (const pin of replaced) {
    await cloudflare.send('DELETE', `/workers/scripts/${worker}/secrets/${pin}`)
  }
  noteSent(env, sent, pins.includes(current) ? { [role]: fingerprintOf(file.keys, role) } : {})
}

const atOnce = (env: string, worker: string): Stop =>
  new Stop(
    worker,
    `Another person sent keys of ${env} at the same moment.`,
    `Talk to each other; then one of you runs the same command again, and gives the
    other ${shown(keyFilePath(env))} and ${shown(trustFile(env))} when it has ended.`,
  )
