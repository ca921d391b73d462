/**
 * The key of backup files: derived from the seal secrets of the oauth Worker, which the
 * operator's key file holds. Without them no client could go on after a restore, so a
 * backup and the key file of its time belong together. A rotated secret stays in the
 * key file for a year, and opens the backups of its time as long.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { keyFilePath, readKeyFile, type KeyFile } from '../deploy/key-file.ts'
import { devSecrets } from '../dev-secrets.ts'
import { DEV } from '../gen/trust.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'

const LABEL = 'backup'
/** Of a digest: enough to tell keys apart, too little to try secrets by. */
const ID_CHARS = 16

export interface BackupKey {
  /** Of its bytes: the same name in two installations is not the same key. */
  readonly id: string
  /** 32 bytes. */
  readonly secret: Buffer
}

/**
 * @param keyFile another key file than the environment's: of the time of an old backup
 * @returns the current key first, then those that still open
 */
export async function backupKeys(env: string, keyFile?: string): Promise<readonly BackupKey[]> {
  const where = keyFile ?? keyFilePath(env)
  const secrets = keyFile === undefined ? await secretsOf(env) : readSecrets(keyFile)
  if (secrets === undefined) {
    throw new Stop(
      shown(where),
      `There are no keys of "${env}" on this machine.`,
      'Run it where the platform was deployed from, or copy the key file here.',
    )
  }
  const derived = await deriveSealKeys(secrets, LABEL)
  return derived.map(({ secret }) => {
    const bytes = Buffer.from(secret, 'base64url')
    const id = createHash('sha256').update(bytes).digest('hex').slice(0, ID_CHARS)
    return { id, secret: bytes }
  })
}

async function secretsOf(env: string): Promise<string | undefined> {
  if (env === DEV) return (await devSecrets()).oauth.SEAL_SECRETS
  return readKeyFile(env)?.keys.sealSecrets.oauth
}

function readSecrets(file: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as KeyFile).keys.sealSecrets.oauth
  } catch (error) {
    throw new Stop(
      shown(file),
      `It is no key file: ${(error as Error).message}`,
      'Give a copy of .keys/<env>.json.',
    )
  }
}
