/** The running platform, as backup and restore ask it: pages out, pages in (workers/oauth/backup.ts). */
import { BACKUP_AUDIENCE_PATH, BACKUP_SCOPE } from '#shared/identity/operator.ts'
import type { BackupPage, BackupRecord, CatalogRestored } from '#shared/catalog/backup-contract.ts'
import type { Restored } from '#shared/contracts/identity.ts'
import { operatorOf } from '../keys/operator.ts'

/** The last step of a restore writes a whole catalog. */
const TIMEOUT_MS = 120_000

export interface BackupPlatform {
  readonly issuer: string
  read(cursor: string | undefined): Promise<BackupPage>
  write(records: readonly BackupRecord[]): Promise<Restored>
  /** The catalog's records come in force. */
  finish(): Promise<CatalogRestored>
  /** @param ids of objects, in hex. @returns how many hold what is backed up */
  adopt(ids: readonly string[]): Promise<number>
}

/** @param id of the backup @throws Stop when this machine has no keys of the environment */
export async function backupPlatform(
  env: string,
  url: string | undefined,
  id: string,
): Promise<BackupPlatform> {
  const operator = await operatorOf(env, url, {
    audiencePath: BACKUP_AUDIENCE_PATH,
    scope: BACKUP_SCOPE,
    timeoutMs: TIMEOUT_MS,
  })
  const ask = (method: string, query: Record<string, string>, body?: unknown): Promise<unknown> => {
    const parameters = new URLSearchParams({ id, ...query })
    return operator.request(method, `${BACKUP_AUDIENCE_PATH}?${parameters.toString()}`, body)
  }
  return {
    issuer: operator.issuer,
    read: async (cursor) =>
      (await ask('GET', cursor === undefined ? {} : { cursor })) as BackupPage,
    write: async (records) => (await ask('POST', { do: 'write' }, records)) as Restored,
    finish: async () => (await ask('POST', { do: 'finish' })) as CatalogRestored,
    adopt: async (ids) =>
      ((await ask('POST', { do: 'adopt' }, ids)) as { adopted: number }).adopted,
  }
}
