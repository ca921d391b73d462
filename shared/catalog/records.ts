/** What operators read of the catalog: what checks found, and who changed what. */

/** What a check says of a server's definitions (durable-objects/checks/). */
export interface Finding {
  /** `refusal`: an operator must look before callers are shown this. */
  readonly level: 'warning' | 'refusal'
  readonly check: string
  /** `tool:now`, `prompt:plan` …; absent = the server itself. */
  readonly item?: string
  /** One sentence. */
  readonly detail: string
}

/** One line of the catalog's history: only what changed, `null` for what was not there. */
export interface CatalogChange {
  readonly id: number
  readonly atMs: number
  /** Subject of an operator, `deploy`, or `automatic`. */
  readonly by: string
  /** Absent: a change of the whole platform. */
  readonly server?: string
  readonly action: string
  readonly note?: string
  readonly before: Readonly<Record<string, unknown>>
  readonly after: Readonly<Record<string, unknown>>
}
