/**
 * Secrets of development and of the tests, made at the first start and kept in
 * `.gen/dev-secrets.json` (git-ignored, mode 600). The public half of the trust
 * anchor goes to `shared/trust.dev.json`, from where builds embed it.
 */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEV, trustFile } from './gen/trust.ts'
import { readIfPresent, SECRET_FILE_MODE, writeIfChanged } from './gen/write-if-changed.ts'
import {
  certified,
  makePlatformKeys,
  makeSealSecret,
  makeSecret,
  secretsOf,
  type PlatformKeys,
  type PlatformSecrets,
} from './keys/platform-keys.ts'
import { anchorsOf, rotated, type KeyKind } from './keys/rotation.ts'
import { ROOT } from './root.ts'

const DAY_SECONDS = 86_400
const CERTIFICATE_LIFETIME_SECONDS = 90 * DAY_SECONDS
/** Renewed well before it ends: a dev session may stay open for weeks. */
const CERTIFICATE_RENEWAL_SECONDS = 30 * DAY_SECONDS

export const DEV_SECRETS = join(ROOT, '.gen', 'dev-secrets.json')

/** Reads the secrets, makes them when there are none, renews the certificate when it ends soon. */
export async function devSecrets(
  file = DEV_SECRETS,
  trust = trustFile(DEV),
  nowSeconds = Math.floor(Date.now() / 1000),
): Promise<PlatformSecrets> {
  let keys = read(file) ?? (await create(file, nowSeconds))
  const { anchor, signing } = keys
  if (signing.expiresAtSeconds - nowSeconds < CERTIFICATE_RENEWAL_SECONDS) {
    const pair = { publicJwk: signing.publicJwk, privateJwk: signing.key.privateJwk }
    const renewed = await certified(anchor, pair, CERTIFICATE_LIFETIME_SECONDS, nowSeconds)
    keys = { ...keys, signing: renewed }
    writeIfChanged(file, text(keys), SECRET_FILE_MODE)
  }
  writeIfChanged(trust, text({ anchors: anchorsOf(keys) }))
  return secretsOf(keys)
}

/** A new key of `kind`; the old one counts as long as what it made (keys/rotation.ts). */
export async function rotateDevSecrets(
  kind: KeyKind,
  { leaked = false, file = DEV_SECRETS, nowSeconds = Math.floor(Date.now() / 1000) } = {},
): Promise<void> {
  const keys = read(file) ?? (await create(file, nowSeconds))
  const certificateLifetimeSeconds = CERTIFICATE_LIFETIME_SECONDS
  const changed = await rotated(keys, kind, { nowSeconds, certificateLifetimeSeconds, leaked })
  writeIfChanged(file, text(changed), SECRET_FILE_MODE)
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function read(file: string): PlatformKeys | undefined {
  const stored = readIfPresent(file)
  if (stored === undefined) return undefined
  const keys = JSON.parse(stored) as PlatformKeys
  if (keys.dpopSecret && keys.capabilitySecrets) return keys
  // Made before there were DPoP nonces, or before there was PLATFORM.
  const completed = {
    ...keys,
    dpopSecret: keys.dpopSecret || makeSecret(),
    capabilitySecrets: keys.capabilitySecrets || makeSealSecret(),
  }
  writeIfChanged(file, text(completed), SECRET_FILE_MODE)
  return completed
}

/** Two first starts at once must agree on one set: linking fails for the later one. */
async function create(file: string, nowSeconds: number): Promise<PlatformKeys> {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  const keys = await makePlatformKeys(CERTIFICATE_LIFETIME_SECONDS, nowSeconds)
  writeFileSync(draft, text(keys), { mode: SECRET_FILE_MODE })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  const stored = read(file)
  if (!stored) throw new Error(`${file} vanished while it was being made`)
  return stored
}
