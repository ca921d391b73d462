/**
 * The keys of a deployed platform. Cloudflare never shows a secret again, so what
 * is needed to rotate with overlap stays with the operator: `.keys/<env>.json`
 * (git-ignored, mode 600; keep a copy in a password manager). Deploying needs it
 * only for secrets the account lacks.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { JWK } from 'jose'
import { nextCommand } from '#shared/lib/next-command.ts'
import { readTrust, trustFile } from '../gen/trust.ts'
import { readIfPresent, SECRET_FILE_MODE, writeIfChanged } from '../gen/write-if-changed.ts'
import { certified, makePlatformKeys, secretsOf, type PlatformKeys } from '../keys/platform-keys.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import type { PlatformRole } from './names.ts'

const DAY_SECONDS = 86_400
/** Each deploy renews it: a platform nobody touches for a year stops, and `npm run doctor` says so long before. */
export const CERTIFICATE_LIFETIME_SECONDS = 400 * DAY_SECONDS
/** Deploys within the last weeks leave it alone. */
const CERTIFICATE_RENEWAL_SECONDS = CERTIFICATE_LIFETIME_SECONDS - 30 * DAY_SECONDS

/** `router/SIGNING_KEY` */
export type SecretPath = `${PlatformRole}/${string}`

export interface KeyFile {
  readonly keys: PlatformKeys
  /** Secrets of which the account does not have this file's value yet. */
  readonly unsent: readonly SecretPath[]
  /** A rotation that was begun and not finished. */
  readonly rotating?: string
  /** Counts the changes of the keys, so that of two copies the older one is known. */
  readonly generation?: number
  /** Fingerprint of the keys each Worker was sent last from this file (key-pins.ts). */
  readonly sent?: Readonly<Partial<Record<PlatformRole, string>>>
  /** The Cloudflare account these keys are used on. */
  readonly accountId?: string
}

export const keyFilePath = (env: string): string => join(ROOT, '.keys', `${env}.json`)

export function readKeyFile(env: string): KeyFile | undefined {
  const path = keyFilePath(env)
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as KeyFile
  } catch (error) {
    throw new Stop(
      shown(path),
      `It is not JSON: ${(error as Error).message}`,
      `Restore your copy of it; without one: ${nextCommand(env, 'rotate', 'everything')}`,
    )
  }
}

export function writeKeyFile(env: string, file: KeyFile): void {
  writeIfChanged(keyFilePath(env), `${JSON.stringify(file, null, 2)}\n`, SECRET_FILE_MODE)
}

/** @param generation higher than that of any keys the account has */
export async function makeKeyFile(nowSeconds: number, generation = 1): Promise<KeyFile> {
  const keys = await makePlatformKeys(CERTIFICATE_LIFETIME_SECONDS, nowSeconds)
  return { keys, unsent: allSecretPaths(keys), generation }
}

export function allSecretPaths(keys: PlatformKeys): SecretPath[] {
  return Object.entries(secretsOf(keys)).flatMap(([worker, secrets]) =>
    Object.entries(secrets as Record<string, string>)
      .filter(([, value]) => value !== '')
      .map(([name]) => `${worker}/${name}` as SecretPath),
  )
}

/** With what later releases need and this file was made without. */
async function completed(file: KeyFile, nowSeconds: number): Promise<KeyFile> {
  const fresh = await makePlatformKeys(CERTIFICATE_LIFETIME_SECONDS, nowSeconds)
  return { ...file, keys: { ...fresh, ...file.keys } }
}

/** Whatever is due by its age or its release: read before secrets are sent. */
export async function renewedKeyFile(
  env: string,
  nowSeconds: number,
): Promise<KeyFile | undefined> {
  const found = readKeyFile(env)
  if (!found) return undefined
  const file = await withFreshCertificate(await completed(found, nowSeconds), nowSeconds)
  writeKeyFile(env, file)
  return file
}

/** The router's certificate for longer, when it is not new. */
async function withFreshCertificate(file: KeyFile, nowSeconds: number): Promise<KeyFile> {
  const { anchor, signing } = file.keys
  if (signing.expiresAtSeconds - nowSeconds > CERTIFICATE_RENEWAL_SECONDS) return file
  const pair = { publicJwk: signing.publicJwk, privateJwk: signing.key.privateJwk }
  const renewed = await certified(anchor, pair, CERTIFICATE_LIFETIME_SECONDS, nowSeconds)
  return withUnsent({ ...file, keys: { ...file.keys, signing: renewed } }, ['router/SIGNING_KEY'])
}

export const withUnsent = (file: KeyFile, paths: readonly SecretPath[]): KeyFile => ({
  ...file,
  unsent: [...new Set([...file.unsent, ...paths])],
})

/**
 * The account has them now. Reads the file anew: an upload takes a while.
 *
 * @param sent fingerprints of what the Workers have now
 */
export function noteSent(
  env: string,
  paths: readonly SecretPath[],
  sent: NonNullable<KeyFile['sent']>,
): void {
  const file = readKeyFile(env)
  if (!file) return
  const unsent = file.unsent.filter((path) => !paths.includes(path))
  writeKeyFile(env, { ...file, unsent, sent: { ...file.sent, ...sent } })
}

/** The account these keys are used on from now. */
export function noteAccount(env: string, accountId: string): void {
  const file = readKeyFile(env)
  if (file) writeKeyFile(env, { ...file, accountId })
}

/** Public anchors of the environment, newest first; none before the first deploy. */
export const trustedAnchors = (env: string): readonly JWK[] =>
  existsSync(trustFile(env)) ? readTrust(env).anchors : []

export function writeTrust(env: string, anchors: readonly JWK[]): void {
  writeIfChanged(trustFile(env), `${JSON.stringify({ anchors }, null, 2)}\n`)
}
