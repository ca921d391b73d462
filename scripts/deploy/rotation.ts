/**
 * One rotation on a deployed platform. The new keys are in the key file before any of
 * them is sent, with a note of what was not sent yet; so an interrupted rotation goes
 * on with the same keys. What a rotation is: scripts/keys/rotation.ts.
 */
import { nextCommand } from '#shared/lib/next-command.ts'
import type { PlatformKeys } from '../keys/platform-keys.ts'
import { anchorsOf, OVERLAP_SECONDS, rotated, type KeyKind } from '../keys/rotation.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { linkedServers } from './account.ts'
import type { Target } from './command.ts'
import { embedsAnchor } from './embedded-anchor.ts'
import {
  allSecretPaths,
  CERTIFICATE_LIFETIME_SECONDS,
  keyFilePath,
  makeKeyFile,
  readKeyFile,
  trustedAnchors,
  withUnsent,
  writeKeyFile,
  writeTrust,
  type KeyFile,
} from './key-file.ts'
import { FIRST_GENERATION, generationOf, pinsOf } from './key-pins.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName, type PlatformRole } from './names.ts'
import { sendKeys, textsOf } from './send-keys.ts'
import type { Step } from './steps.ts'

/** All kinds at once, from nothing: for keys that are lost. */
export const EVERYTHING = 'everything'
export type Rotation = KeyKind | typeof EVERYTHING

export interface RotationPlan {
  readonly rotation: Rotation
  /** The old key counts no longer, from now. */
  readonly leaked: boolean
  /** Builds and uploads every server of this repository. */
  readonly deployServers: readonly Step[]
}

/** @throws Stop when there is nothing to rotate from, or another rotation is unfinished */
export function planRotation(target: Target, plan: RotationPlan): Step[] {
  const { env } = target.settings
  const { rotation, deployServers } = plan
  const file = readKeyFile(env)
  if (!file && rotation !== EVERYTHING) throw lost(env)
  checkUnfinished(env, rotation, file)
  return [
    ...(file?.rotating === rotation ? [] : [makeStep(target, plan)]),
    ...(changesAnchor(rotation) ? [...deployServers, checkServersStep(target)] : []),
    ...(rotation === 'anchor' ? [promoteStep(env)] : []),
    ...PLATFORM_ROLES.map((role) => sendStep(target, role, rotation)),
    { title: 'note that it is done', run: async () => noteDone(env) },
  ]
}

export const changesAnchor = (rotation: Rotation): boolean =>
  rotation === 'anchor' || rotation === EVERYTHING

const lost = (env: string): Stop =>
  new Stop(
    shown(keyFilePath(env)),
    'There are no keys here to go on from.',
    `Restore your copy of the file; if it is lost: ${nextCommand(env, 'rotate', EVERYTHING)}`,
  )

function checkUnfinished(env: string, rotation: Rotation, file: KeyFile | undefined): void {
  const other = file?.rotating
  if (other === undefined || other === rotation || rotation === EVERYTHING) return
  throw new Stop(
    shown(keyFilePath(env)),
    `A rotation (${other}) was begun and is not finished.`,
    `Run first: ${nextCommand(env, 'rotate', other)}`,
  )
}

const optionsNow = (leaked: boolean) => ({
  nowSeconds: Math.floor(Date.now() / 1000),
  certificateLifetimeSeconds: CERTIFICATE_LIFETIME_SECONDS,
  leaked,
})

function makeStep(target: Target, { rotation, leaked }: RotationPlan): Step {
  const { env } = target.settings
  return {
    title: `make new keys (${shown(keyFilePath(env))})`,
    async run() {
      const file =
        rotation === EVERYTHING
          ? await everythingNew(target, leaked)
          : await changedBy(env, (keys) => rotated(keys, rotation, optionsNow(leaked)))
      writeKeyFile(env, { ...file, rotating: rotation })
      if (changesAnchor(rotation)) writeTrust(env, anchorsOf(file.keys))
    },
  }
}

/** Servers go on believing the router until it has its new key. */
async function everythingNew(target: Target, leaked: boolean): Promise<KeyFile> {
  const { env } = target.settings
  const { nowSeconds } = optionsNow(leaked)
  const pins = PLATFORM_ROLES.flatMap((role) => pinsOf(target.state.platform[role]))
  const generation = Math.max(readKeyFile(env)?.generation ?? 0, ...pins.map(generationOf)) + 1
  const made = await makeKeyFile(nowSeconds, generation)
  const file = { ...made, accountId: target.cloudflare.accountId }
  const [publicJwk] = leaked ? [] : trustedAnchors(env)
  if (!publicJwk) return file
  const previousAnchor = { publicJwk, untilSeconds: nowSeconds + OVERLAP_SECONDS.anchor }
  return { ...file, keys: { ...file.keys, previousAnchor } }
}

/** The key file after a change of its keys, with what the account must be sent. */
async function changedBy(
  env: string,
  change: (keys: PlatformKeys) => Promise<PlatformKeys>,
): Promise<KeyFile> {
  const file = readKeyFile(env)
  if (!file) throw lost(env)
  const keys = await change(file.keys)
  const [before, after] = [textsOf(file.keys), textsOf(keys)]
  const paths = allSecretPaths(keys).filter((path) => before.get(path) !== after.get(path))
  const generation = (file.generation ?? FIRST_GENERATION) + 1
  return withUnsent({ ...file, keys, generation }, paths)
}

/** The router speaks with the new anchor's word at once: every server must be able to believe it. */
function checkServersStep(target: Target): Step {
  const { env } = target.settings
  return {
    title: 'check that every server trusts the new anchor',
    async run() {
      const keys = readKeyFile(env)?.keys
      const anchor = (keys?.nextAnchor ?? keys?.anchor)?.publicJwk
      const missing: string[] = []
      for (const server of serversOf(target)) {
        if (anchor && !(await embedsAnchor(target, server, anchor))) missing.push(server)
      }
      if (missing.length === 0) return
      throw new Stop(
        missing.join(', '),
        'Deployed from another checkout, without the new anchor: it would refuse the router.',
        `Commit shared/trust.${env}.json, deploy them where they are, then run this again.`,
      )
    },
  }
}

const serversOf = ({ state }: Target): string[] => [
  ...new Set([...linkedServers(state), ...(state.namespaceServers ?? [])]),
]

function promoteStep(env: string): Step {
  return {
    title: 'let the new anchor vouch for the router',
    async run() {
      if (!readKeyFile(env)?.keys.nextAnchor) return
      const file = await changedBy(env, (keys) => rotated(keys, 'anchor', optionsNow(false)))
      writeKeyFile(env, file)
      writeTrust(env, anchorsOf(file.keys))
    },
  }
}

function sendStep(target: Target, role: PlatformRole, rotation: Rotation): Step {
  const worker = workerName(PLATFORM_WORKERS[role], target.settings.env)
  return {
    title: `send ${worker} what is new`,
    run: () => sendKeys(target, role, rotation === EVERYTHING),
  }
}

function noteDone(env: string): void {
  const file = readKeyFile(env)
  if (!file) return
  const { rotating: _, ...rest } = file
  writeKeyFile(env, rest)
}
