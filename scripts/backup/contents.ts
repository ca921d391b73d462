/** What a backup holds, counted by kind, in words for a person. */
import type { BackupKind, BackupPage } from '#shared/catalog/backup-contract.ts'

const NAMES: Readonly<Record<BackupKind, string>> = {
  server: 'servers',
  rules: 'lists of platform rules',
  change: 'lines of history',
  revision: 'revisions',
  'api-key': 'API keys',
  grant: 'grants',
  connection: 'linked accounts',
  forbidden: 'revocations',
}

export class Contents {
  readonly #counts = new Map<BackupKind, number>()

  add({ records }: Pick<BackupPage, 'records'>): void {
    for (const { kind } of records) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  get records(): number {
    return [...this.#counts.values()].reduce((total, count) => total + count, 0)
  }

  /** `7 servers, 12 grants` */
  toString(): string {
    const kinds = Object.entries(NAMES) as [BackupKind, string][]
    const parts = kinds.map(([kind, name]) => `${this.#counts.get(kind) ?? 0} ${name}`)
    return parts.join(', ')
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}
