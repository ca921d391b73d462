/**
 * Whose keys a deployed Worker has. Cloudflare never shows a secret, so each platform
 * Worker carries a pin beside its keys: a secret whose NAME says the generation and a
 * fingerprint of the keys it was sent with. Names can be listed, a pin travels in the same
 * request as the keys, deploys and rollbacks keep the two together, and two copies that
 * send at once leave two pins, where a variable would show the last one only.
 *
 * Pure: callers read the account and act. It does NOT prove that a Worker runs with those
 * keys (a secret set by hand goes unseen), and says nothing of secrets an operator brings.
 */
import { createHash } from 'node:crypto'
import { secretsOf, type PlatformKeys } from '../keys/platform-keys.ts'
import { secretNames, type DeployedWorker } from './account.ts'
import type { KeyFile } from './key-file.ts'
import type { PlatformRole } from './names.ts'

/** 64 bits of a hash of random keys: no two copies share it by chance, and nothing leads back. */
const FINGERPRINT_CHARS = 16
const PIN = /^KEYS_(\d+)_([0-9a-f]{16})$/
/** Of a key file that was made before generations were counted. */
export const FIRST_GENERATION = 1
/** Secrets that come from the key file; the others are an operator's own. */
const KEY_SECRETS: Readonly<Record<PlatformRole, readonly string[]>> = {
  objects: ['CAPABILITY_SECRETS'],
  oauth: ['TOKEN_KEYS', 'SEAL_SECRETS', 'DPOP_SECRET'],
  router: ['SIGNING_KEY', 'SEAL_SECRETS', 'DPOP_SECRET', 'CAPABILITY_SECRETS'],
}

const isPin = (secret: string): boolean => PIN.test(secret)

/** Whether a Worker's secret comes from the key file, or pins what does: not set by hand. */
export const isKeySecret = (role: PlatformRole, secret: string): boolean =>
  isPin(secret) || KEY_SECRETS[role].includes(secret)

export const pinsOf = (worker: DeployedWorker | undefined): string[] =>
  [...secretNames(worker)].filter(isPin).sort()

export const generationOf = (pin: string): number => Number(PIN.exec(pin)?.[1] ?? 0)
const printOf = (pin: string): string => PIN.exec(pin)?.[2] ?? ''

/** Of one Worker's keys. A renewed certificate leaves it: the signing key is the same. */
export function fingerprintOf(keys: PlatformKeys, role: PlatformRole): string {
  const texts = new Map(keySecretsOf(keys, role))
  const parts = KEY_SECRETS[role].map((name) =>
    name === 'SIGNING_KEY' ? keys.signing.publicJwk.x : texts.get(name),
  )
  const hash = createHash('sha256').update(JSON.stringify(parts))
  return hash.digest('hex').slice(0, FINGERPRINT_CHARS)
}

/** The secrets of a Worker that come from the key file, by name. */
export const keySecretsOf = (keys: PlatformKeys, role: PlatformRole): [string, string][] =>
  Object.entries(secretsOf(keys)[role] as Record<string, string>).filter(([name]) =>
    KEY_SECRETS[role].includes(name),
  )

/** The pin that goes along with this file's keys of a Worker. */
export const pinOf = ({ keys, generation = FIRST_GENERATION }: KeyFile, role: PlatformRole) =>
  `KEYS_${generation}_${fingerprintOf(keys, role)}`

/**
 * - `none`: no pin yet; the Worker is new, or of a release without pins
 * - `ours`: the Worker has this file's keys, or those it was sent last from this file
 * - `mixed`: another copy sent its keys at the same time; whose are in force is unknown
 * - `other`: the Worker has keys of another copy
 */
export type Standing = 'none' | 'ours' | 'mixed' | 'other'

export function standingOf(
  file: KeyFile,
  role: PlatformRole,
  worker: DeployedWorker | undefined,
): Standing {
  const pins = pinsOf(worker)
  if (pins.length === 0) return 'none'
  const known = [fingerprintOf(file.keys, role), file.sent?.[role]]
  const own = pins.filter((pin) => known.includes(printOf(pin)))
  if (own.length === pins.length) return 'ours'
  return own.length > 0 ? 'mixed' : 'other'
}
