/** A whole backup, and a whole restore, by the entrypoint that the commands use. */
import { exports } from 'cloudflare:workers'
import { backupOf, type BackupRecord } from '#shared/catalog/backup-contract.ts'

export const backup = backupOf(exports.Backup as unknown as Fetcher)
export const ID = 'backup-of-a-test'

/** Everything a backup reads, page by page. */
export async function read(id = ID): Promise<BackupRecord[]> {
  const records: BackupRecord[] = []
  let cursor: string | undefined
  do {
    const page = await backup.read(id, cursor)
    if (!page.ok) throw new Error(page.failure.detail)
    records.push(...(page.value.records as BackupRecord[]))
    cursor = page.value.cursor
  } while (cursor !== undefined)
  return records
}

export async function write(records: readonly BackupRecord[], id = ID) {
  const done = await backup.write(id, records)
  if (!done.ok) throw new Error(done.failure.detail)
  const finished = await backup.finish(id)
  if (!finished.ok) throw new Error(finished.failure.detail)
  return { ...done.value, catalog: finished.value }
}

export const of = <Kind extends BackupRecord['kind']>(
  records: readonly BackupRecord[],
  kind: Kind,
) => records.filter((one): one is Extract<BackupRecord, { kind: Kind }> => one.kind === kind)
