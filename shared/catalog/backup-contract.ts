/**
 * What is backed up and restored (docs/backup.md): the records, and the entrypoints
 * that read and take them. Part of entrypoints.ts. A record is plain JSON and holds hashes
 * and sealed text only.
 */
import type {
  Restored,
  GrantRow,
  ApiKeyRow,
  ConnectionRow,
  ConnectionOwner,
} from '../contracts/identity.ts'
import { stubOf, type Rpc } from '../contracts/entrypoints.ts'
import { type ForbiddenRow } from '../contracts/feed.ts'
import type { CatalogChange, Finding } from './records.ts'
import type { Definitions } from './entry-schema.ts'
import type { PlatformRule } from './rules.ts'
import type { Result } from '../lib/result.ts'

export interface CatalogServerRow {
  readonly name: string
  /** `ServerState` of durable-objects/catalog/state.ts. */
  readonly state: unknown
  readonly build: string
  readonly createdMs: number
}
export interface CatalogRevisionRow {
  readonly server: string
  readonly digest: string
  readonly build: string
  readonly definitions: Definitions
  readonly findings: readonly Finding[]
  readonly madeBy: string
  readonly createdMs: number
}

export type BackupRecord =
  | { readonly kind: 'server'; readonly row: CatalogServerRow }
  | { readonly kind: 'rules'; readonly rules: readonly PlatformRule[] }
  | { readonly kind: 'change'; readonly row: CatalogChange }
  | { readonly kind: 'revision'; readonly row: CatalogRevisionRow }
  | { readonly kind: 'api-key'; readonly row: ApiKeyRow }
  | { readonly kind: 'grant'; readonly row: GrantRow }
  | { readonly kind: 'connection'; readonly owner: ConnectionOwner; readonly row: ConnectionRow }
  | { readonly kind: 'forbidden'; readonly row: ForbiddenRow }
export type BackupKind = BackupRecord['kind']

/** The Catalog, as the entrypoint Backup asks it. */
export interface CatalogForBackup {
  /** A line of the history: what the catalog holds was handed out. */
  noteBackup(note: string): void
  /** @param cursor of the page before; empty = the first */
  backUp(
    cursor: string,
    maxChars: number,
  ): { readonly records: readonly BackupRecord[]; readonly cursor?: string }
  stage(
    backup: string,
    records: readonly Extract<BackupRecord, { kind: 'server' | 'rules' | 'change' | 'revision' }>[],
  ): void
  finishRestore(
    backup: string,
  ): Promise<Result<CatalogRestored, { readonly reason: string; readonly detail: string }>>
}

/**
 * In this order a backup is read: what refers to something before what it refers to,
 * and revocations last, so that none of the time in between is missed.
 */
export const BACKUP_SECTIONS = [
  'catalog',
  'api-keys',
  'grants',
  'connections',
  'forbidden',
] as const
export type BackupSection = (typeof BACKUP_SECTIONS)[number]

export interface BackupPage {
  readonly section: BackupSection
  readonly records: readonly BackupRecord[]
  /** Of the next page; absent: this was the last. */
  readonly cursor?: string
}
export interface BackupFailure {
  readonly reason: 'invalid' | 'full'
  /** A sentence for the operator. */
  readonly detail: string
}
export interface CatalogRestored extends Restored {
  /** Sentences for the operator: what could not be brought back. */
  readonly warnings: readonly string[]
  /** The Catalog had lost what it held, or was set back. */
  readonly wasLost: boolean
  /** Whether the feed has taken it; else the Catalog tells the feed again by itself. */
  readonly isInForce: boolean
}

/** Entrypoint of the objects Worker, bound by the oauth Worker alone, which knows who asks. */
export interface Backup {
  /** @param cursor of the page before; absent = the first, which the history notes under `id` */
  read(id: string, cursor?: string): Promise<Result<BackupPage, BackupFailure>>
  /** Takes one page. The same page twice changes nothing; the catalog's records wait for `finish`. */
  write(id: string, records: unknown): Promise<Result<Restored, BackupFailure>>
  /** The catalog's records come in force together; the history notes it. */
  finish(id: string): Promise<Result<CatalogRestored, BackupFailure>>
  /** Objects that an earlier release made, by their ids in hex: each enters the directory. */
  adopt(ids: readonly string[]): Promise<number>
}

export const catalogForBackupOf = (binding: DurableObjectNamespace) =>
  stubOf<CatalogForBackup>(binding, 'catalog', ['backUp', 'stage', 'finishRestore'])
export const backupOf = (binding: Fetcher) => binding as unknown as Rpc<Backup>
