/**
 * The machine clients an operator has registered, by environment: what the oauth
 * Worker is given as `MACHINE_<name>`, kept because an account never shows a secret
 * again. Holds hashes and public keys only; a machine's own secret is printed once.
 */
import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { readMachines, type MachineSettings } from '../workers/oauth/machines/machines.ts'
import { DEV } from './gen/trust.ts'
import { readIfPresent, SECRET_FILE_MODE, writeIfChanged } from './gen/write-if-changed.ts'
import { ROOT, shown } from './root.ts'
import { Stop } from './stop.ts'

/** 256 bits: a plain hash of it cannot be guessed back. */
const SECRET_BYTES = 32
/** The one in use and the one it replaces. */
const CREDENTIALS_MAX = 2

export type Registry = Readonly<Record<string, MachineSettings>>

export const registryFile = (env: string): string =>
  env === DEV
    ? join(ROOT, '.gen', 'dev-machines.json')
    : join(ROOT, '.keys', `machines.${env}.json`)

export function readRegistry(file: string): Registry {
  const text = readIfPresent(file)
  return text === undefined ? {} : (JSON.parse(text) as Registry)
}

export function writeRegistry(file: string, registry: Registry): void {
  mkdirSync(dirname(file), { recursive: true })
  writeIfChanged(file, `${JSON.stringify(registry, null, 2)}\n`, SECRET_FILE_MODE)
}

/** `ci-runner` → `MACHINE_ci_runner`, as the oauth Worker reads it. */
export const variableOf = (name: string): string => `MACHINE_${name.replaceAll('-', '_')}`
export const clientIdOf = (name: string): string => `machine_${name.replaceAll('-', '_')}`

/** Secrets of the oauth Worker for all of them. */
export const machineSecrets = (registry: Registry): Record<string, string> =>
  Object.fromEntries(
    Object.entries(registry).map(([name, settings]) => [
      variableOf(name),
      JSON.stringify(settings),
    ]),
  )

/** @throws Stop when the Worker would refuse it */
export function checkMachine(name: string, settings: MachineSettings): void {
  try {
    readMachines(machineSecrets({ [name]: settings }))
  } catch (error) {
    // The Worker names its variable, which is nothing an operator typed.
    const { message } = error as Error
    const why = /\((.+)\);/.exec(message)?.[1]
    throw new Stop(
      `machine ${name}`,
      why === undefined ? message : `It cannot be registered: ${why} will not do.`,
      'Names are like ci-runner; see `npm run machine -- --help`.',
    )
  }
}

/** A machine with one more credential; the oldest of three goes. */
export function withSecret(settings: MachineSettings): {
  settings: MachineSettings
  secret: string
} {
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const hash = createHash('sha256').update(secret).digest('hex')
  const secrets = [hash, ...(settings.secrets ?? [])].slice(0, CREDENTIALS_MAX)
  return { settings: { ...settings, secrets }, secret }
}

export function withKey(settings: MachineSettings, publicJwk: object): MachineSettings {
  const keys = [publicJwk, ...(settings.keys ?? [])].slice(0, CREDENTIALS_MAX)
  return { ...settings, keys: keys as NonNullable<MachineSettings['keys']> }
}

/** @param file a public key, PEM (SPKI) or JWK. @throws Stop */
export function readPublicKey(file: string): object {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.includes('PRIVATE KEY') || (text.startsWith('{') && 'd' in JSON.parse(text))) {
      throw new Error('it is a private key; the machine keeps that to itself')
    }
    const key = text.startsWith('{')
      ? createPublicKey({ key: JSON.parse(text), format: 'jwk' })
      : createPublicKey(text)
    return key.export({ format: 'jwk' })
  } catch (error) {
    throw new Stop(
      shown(file),
      `No public key can be read: ${(error as Error).message}.`,
      'Give a PEM (openssl pkey -pubout) or a JWK.',
    )
  }
}

/** Makes a key pair; the private half goes to `file` (PKCS 8, mode 600). */
export async function makeMachineKey(file: string): Promise<object> {
  if (readIfPresent(file) !== undefined) {
    throw new Stop(shown(file), 'There is such a file already.', 'Name another one.')
  }
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  writeIfChanged(file, await exportPKCS8(privateKey), SECRET_FILE_MODE)
  return exportJWK(publicKey)
}
