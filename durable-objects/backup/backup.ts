/**
 * Reads and takes what objects hold and cannot be rebuilt (docs/backup.md), page by
 * page, so that no request grows with the installation. Objects named after people are
 * found by the Directory.
 *
 * Does NOT know who asks: only the oauth Worker is bound to it, and lets in whoever
 * holds the installation's key file (workers/oauth/backup.ts).
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import {
  apiKeysOf,
  connectionOf,
  directoryOf,
  feedOf,
  grantStoreOf,
  type ConnectionOwner,
} from '#shared/contracts/entrypoints.ts'
import type { ForbiddenRow } from '#shared/contracts/feed.ts'
import {
  type Backup as BackupEntrypoint,
  BACKUP_SECTIONS,
  catalogForBackupOf,
  type BackupFailure,
  type BackupPage,
  type BackupRecord,
  type BackupSection,
  type CatalogRestored,
} from '#shared/catalog/backup-contract.ts'
import type { Restored } from '#shared/contracts/identity.ts'
import { safeParse } from '../catalog/admin-input.ts'
import {
  BACKUP_OBJECTS_PER_PAGE,
  BACKUP_PAGE_CHARS,
  BACKUP_ROWS_PER_PAGE,
  FEED_ID_MAX_CHARS,
} from '../limits.ts'

/** Where the next page of a section begins; empty = at its beginning. Absent = the section is done. */
interface Read {
  readonly records: readonly BackupRecord[]
  readonly after?: string | undefined
}
type Of<Kind extends BackupRecord['kind']> = Extract<BackupRecord, { kind: Kind }>
const CATALOG_KINDS = ['server', 'rules', 'change', 'revision'] as const

const invalid = (detail: string) => fail<BackupFailure>({ reason: 'invalid', detail })

export class Backup extends WorkerEntrypoint<Cloudflare.Env> implements BackupEntrypoint {
  async read(id: string, cursor?: string): Promise<Result<BackupPage, BackupFailure>> {
    if (id.length > FEED_ID_MAX_CHARS) return invalid('The id of the backup is too long')
    const at = cursor === undefined ? { section: BACKUP_SECTIONS[0], after: '' } : parse(cursor)
    if (!at) return invalid('This is no cursor of a page')
    if (cursor === undefined) await catalogForBackupOf(this.env.CATALOG).noteBackup(id)
    const { records, after } = await this.#section(at.section, at.after)
    const next =
      after === undefined
        ? { section: BACKUP_SECTIONS[BACKUP_SECTIONS.indexOf(at.section) + 1], after: '' }
        : { section: at.section, after }
    const page = { section: at.section, records }
    return ok(next.section ? { ...page, cursor: `${next.section}:${next.after}` } : page)
  }

  async write(id: string, records: unknown): Promise<Result<Restored, BackupFailure>> {
    const { recordsSchema } = await import('./schema.ts')
    const parsed = safeParse(recordsSchema, records)
    if (!parsed.ok) return invalid(parsed.failure.detail)
    const of = <Kind extends BackupRecord['kind']>(...kinds: readonly Kind[]) =>
      parsed.value.filter((record): record is Of<Kind> => kinds.includes(record.kind as Kind))
    // Revocations first: nothing of the same page comes back without them.
    const counts = [
      await this.#forbid(of('forbidden')),
      await this.#apiKeys(of('api-key')),
      await this.#grants(of('grant')),
      await this.#connections(of('connection')),
    ]
    const catalog = of(...CATALOG_KINDS)
    if (catalog.length > 0) await catalogForBackupOf(this.env.CATALOG).stage(id, catalog)
    return ok(sum(counts))
  }

  async finish(id: string): Promise<Result<CatalogRestored, BackupFailure>> {
    const done = await catalogForBackupOf(this.env.CATALOG).finishRestore(id)
    if (!done.ok) {
      const { reason, detail } = done.failure
      return fail({ reason: reason === 'full' ? 'full' : 'invalid', detail })
    }
    // Where the Catalog was lost, the feed may have been: what was revoked since the backup must not count.
    if (done.value.wasLost) await feedOf(this.env.FEED).distrustEarlier()
    return ok(done.value as CatalogRestored)
  }

  async adopt(ids: readonly string[]): Promise<number> {
    const { GRANTS } = this.env
    const adopted = await Promise.all(
      ids.map((id) => grantStoreOf(GRANTS, GRANTS.idFromString(id)).adopt()),
    )
    return adopted.filter(Boolean).length
  }

  #section(section: BackupSection, after: string): Promise<Read> {
    switch (section) {
      case 'catalog':
        return this.#readCatalog(after)
      case 'api-keys':
        return this.#readApiKeys(after)
      case 'grants':
        return this.#readGrants(after)
      case 'connections':
        return this.#readConnections(after)
      case 'forbidden':
        return this.#readForbidden(after)
    }
  }

  async #readCatalog(after: string): Promise<Read> {
    const page = await catalogForBackupOf(this.env.CATALOG).backUp(after, BACKUP_PAGE_CHARS)
    return { records: page.records as readonly BackupRecord[], after: page.cursor }
  }

  async #readApiKeys(after: string): Promise<Read> {
    const rows = await apiKeysOf(this.env.API_KEYS_STORE).backUp(after, BACKUP_ROWS_PER_PAGE)
    const records = rows.map((row) => ({ kind: 'api-key', row }) as const)
    return { records, after: rows.length < BACKUP_ROWS_PER_PAGE ? undefined : rows.at(-1)?.id }
  }

  async #readGrants(after: string): Promise<Read> {
    const names = await this.#names('grants', after)
    const records = await Promise.all(names.map((name) => this.#grantsOf(name)))
    return { records: records.flat(), after: lastOf(names) }
  }

  /** All of one person's; they may have 200 (GRANTS_PER_PERSON_MAX of the oauth Worker). */
  async #grantsOf(name: string): Promise<Of<'grant'>[]> {
    const store = grantStoreOf(this.env.GRANTS, name)
    const records: Of<'grant'>[] = []
    for (;;) {
      const rows = await store.backUp(records.at(-1)?.row.key ?? '', BACKUP_PAGE_CHARS)
      if (rows.length === 0) return records
      for (const row of rows) records.push({ kind: 'grant', row: row as Of<'grant'>['row'] })
    }
  }

  async #readConnections(after: string): Promise<Read> {
    const names = await this.#names('connection', after)
    const records = await Promise.all(
      names.map(async (name): Promise<Of<'connection'>[]> => {
        const [tenant, subject, service] = JSON.parse(name) as [string, string, string]
        const owner: ConnectionOwner = { tenant, subject, service }
        const row = await connectionOf(this.env.CONNECTION, owner).backUp()
        return row ? [{ kind: 'connection', owner, row }] : []
      }),
    )
    return { records: records.flat(), after: lastOf(names) }
  }

  async #readForbidden(after: string): Promise<Read> {
    const [, kind, id = ''] = /^(grant|session):(.*)$/.exec(after) ?? []
    const from = kind === undefined ? undefined : { kind: kind as ForbiddenRow['kind'], id }
    const rows = await feedOf(this.env.FEED).forbidden(from, BACKUP_ROWS_PER_PAGE)
    const records = rows.map((row) => ({ kind: 'forbidden', row }) as const)
    const last = rows.length < BACKUP_ROWS_PER_PAGE ? undefined : rows.at(-1)
    return { records, after: last && `${last.kind}:${last.id}` }
  }

  #names(kind: 'grants' | 'connection', after: string): Promise<string[]> {
    return directoryOf(this.env.DIRECTORY).page(kind, after, BACKUP_OBJECTS_PER_PAGE)
  }

  async #forbid(records: readonly Of<'forbidden'>[]): Promise<Restored> {
    if (records.length > 0) await feedOf(this.env.FEED).forbid(records.map(({ row }) => row))
    return { written: records.length, kept: 0 }
  }

  async #apiKeys(records: readonly Of<'api-key'>[]): Promise<Restored> {
    if (records.length === 0) return NONE
    return apiKeysOf(this.env.API_KEYS_STORE).restore(records.map(({ row }) => row))
  }

  /** Beside what the person's own object knows, what the feed says of the last day counts. */
  async #grants(records: readonly Of<'grant'>[]): Promise<Restored> {
    if (records.length === 0) return NONE
    const { revokedGrants } = await feedOf(this.env.FEED).read()
    const revoked = new Set(revokedGrants)
    const rows = records.map(({ row }) => row).filter(({ key }) => !revoked.has(partsOf(key).id))
    const people = Map.groupBy(rows, ({ key }) => partsOf(key).person)
    const counts = await Promise.all(
      [...people].map(([person, theirs]) =>
        grantStoreOf(this.env.GRANTS, `u:${person}`).restore(theirs),
      ),
    )
    return sum([...counts, { written: 0, kept: records.length - rows.length }])
  }

  async #connections(records: readonly Of<'connection'>[]): Promise<Restored> {
    const written = await Promise.all(
      records.map(({ owner, row }) => connectionOf(this.env.CONNECTION, owner).restore(owner, row)),
    )
    const count = written.filter(Boolean).length
    return { written: count, kept: records.length - count }
  }
}

const NONE: Restored = { written: 0, kept: 0 }

const sum = (counts: readonly Restored[]): Restored => ({
  written: counts.reduce((total, { written }) => total + written, 0),
  kept: counts.reduce((total, { kept }) => total + kept, 0),
})

function partsOf(key: string): { person: string; id: string } {
  const [, person = '', id = ''] = key.split(':')
  return { person, id }
}

const lastOf = (names: readonly string[]): string | undefined =>
  names.length < BACKUP_OBJECTS_PER_PAGE ? undefined : names.at(-1)

function parse(cursor: string): { section: BackupSection; after: string } | undefined {
  const colon = cursor.indexOf(':')
  const section = BACKUP_SECTIONS.find((one) => one === cursor.slice(0, colon))
  return section && { section, after: cursor.slice(colon + 1) }
}
