/**
 * The one way anything in the Catalog changes: state, views, index and the line
 * that says who did it go down together, in one transaction, or not at all.
 */
import {
  type CatalogIndex,
  type Definitions,
  type ServerDescription,
  type ServerPointer,
  viewOf,
} from '#shared/catalog/entry.ts'
import type { PlatformRule } from '#shared/catalog/rules.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { Finding } from '#shared/catalog/records.ts'
import type { AdminFailure, ServerState } from './state.ts'
import type { CatalogStore } from './store.ts'
import { viewsOf, type Views } from './view.ts'
import {
  CHANGES_MAX,
  CHANGES_PER_SERVER_MAX,
  INDEX_MAX_BYTES,
  REVISIONS_PER_SERVER_MAX,
  SERVERS_MAX,
} from '../limits.ts'
import type { Tables } from '../schema.ts'

/** What is written into the history beside before and after. */
export interface Act {
  /** Subject of an operator, `deploy`, or `automatic`. */
  readonly by: string
  readonly action: string
  readonly note?: string | undefined
}

/** What a server said of itself, judged. */
export interface NewRevision extends Pick<ServerDescription, 'digest' | 'build' | 'definitions'> {
  readonly findings: readonly Finding[]
  readonly madeBy: string
}

/** One server's next state; `undefined` removes it. */
export interface ServerChange {
  readonly name: string
  readonly next: ServerState | undefined
  readonly revision?: NewRevision
}

export class CatalogWriter {
  readonly #store: CatalogStore
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  readonly #tables: Tables

  constructor(store: CatalogStore, storage: DurableObjectStorage, tables: Tables) {
    this.#store = store
    this.#storage = storage
    this.#sql = storage.sql
    this.#tables = tables
  }

  /**
   * Callers take turns (Catalog `#serial`): between reading a state and this nobody writes.
   *
   * @returns whether callers are shown anything else than before
   */
  async write(
    act: Act,
    changes: readonly ServerChange[],
    rules: PlatformRule[] = this.#store.platformRules(),
  ): Promise<Result<boolean, AdminFailure>> {
    const viewed: { change: ServerChange; views: Views | undefined }[] = []
    for (const change of changes) viewed.push({ change, views: await this.#viewsFor(change) })
    const before = this.#store.index() as CatalogIndex
    const index = this.#indexFor(viewed, before, rules)
    const full = whyTooLarge(index)
    if (full !== undefined) return fail({ reason: 'full', detail: full })
    const isShown =
      JSON.stringify({ ...index, version: 0 }) !== JSON.stringify({ ...before, version: 0 })
    this.#tables.ensure()
    this.#storage.transactionSync(() => {
      const nowMs = Date.now()
      this.#noteRules(act, before.rules ?? [], rules, nowMs)
      for (const { change, views } of viewed) this.#writeServer(act, change, views, nowMs)
      if (isShown) this.#writeIndex(index, nowMs)
      this.#forgetChanges()
    })
    return ok(isShown)
  }

  /**
   * The newest index once more, under a number above `above` and above its own.
   * Everything that callers are shown goes to KV again.
   *
   * @param act for the history; absent: the Catalog does it by itself
   */
  renumber(above: number, act?: Act): void {
    const index = this.#store.index() as CatalogIndex
    const version = Math.max(above, numberAfter(index.version) - 1) + 1
    this.#tables.ensure()
    this.#storage.transactionSync(() => {
      const nowMs = Date.now()
      this.#writeIndex({ ...index, version }, nowMs)
      this.#sql.exec('UPDATE view SET in_kv = 1 WHERE in_kv = 2 AND superseded_ms IS NULL')
      if (act) this.#note(act, undefined, {}, {}, nowMs)
      this.#forgetChanges()
    })
  }

  #viewsFor({ name, next, revision }: ServerChange): Promise<Views> | undefined {
    if (!next) return undefined
    const definitionsOf = (digest: string): Definitions => {
      const known =
        revision?.digest === digest ? revision.definitions : this.#store.definitions(name, digest)
      if (!known) throw new Error(`Revision ${digest} of ${name} is not kept`)
      return known
    }
    return viewsOf(name, next, definitionsOf)
  }

  #indexFor(
    viewed: readonly { change: ServerChange; views: Views | undefined }[],
    before: CatalogIndex,
    rules: PlatformRule[],
  ): CatalogIndex {
    const servers = new Map<string, ServerPointer>(Object.entries(before.servers))
    for (const { change, views } of viewed) {
      if (views) servers.set(change.name, views.pointer)
      else servers.delete(change.name)
    }
    const sorted = [...servers].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      version: numberAfter(before.version),
      servers: Object.fromEntries(sorted),
      ...(rules.length > 0 ? { rules } : {}),
    }
  }

  #writeServer(
    act: Act,
    { name, next, revision }: ServerChange,
    views: Views | undefined,
    nowMs: number,
  ): void {
    const known = this.#store.server(name)
    if (revision) this.#writeRevision(name, revision, nowMs)
    const text = next && JSON.stringify(next)
    if (next && text !== undefined && views) {
      const build = revision?.build ?? known?.build ?? ''
      this.#sql.exec(
        `INSERT INTO server (name, state, build, created_ms, updated_ms)
         VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT DO UPDATE SET state = excluded.state, build = excluded.build,
           updated_ms = excluded.updated_ms`,
        name,
        text,
        build,
        nowMs,
      )
      this.#writeViews(name, views, nowMs)
      this.#forgetRevisions(name, next)
    } else {
      this.#sql.exec('DELETE FROM server WHERE name = ?', name)
      this.#sql.exec('DELETE FROM revision WHERE name = ?', name)
      this.#supersedeViews(name, nowMs)
    }
    if (!known || JSON.stringify(known.state) !== text) {
      this.#note(act, name, known?.state, next, nowMs)
    }
  }

  #writeRevision(name: string, revision: NewRevision, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO revision (name, digest, build, definitions, findings, made_by, created_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET build = excluded.build`,
      name,
      revision.digest,
      revision.build,
      JSON.stringify(revision.definitions),
      JSON.stringify(revision.findings),
      revision.madeBy,
      nowMs,
    )
  }

  #writeViews(name: string, { entries }: Views, nowMs: number): void {
    this.#supersedeViews(name, nowMs)
    for (const entry of entries) {
      this.#sql.exec(
        `INSERT INTO view (name, view, body) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET superseded_ms = NULL`,
        name,
        viewOf(entry),
        JSON.stringify(entry),
      )
    }
  }

  #supersedeViews(name: string, nowMs: number): void {
    const sql = 'UPDATE view SET superseded_ms = ? WHERE name = ? AND superseded_ms IS NULL'
    this.#sql.exec(sql, nowMs, name)
  }

  #writeIndex(index: CatalogIndex, nowMs: number): void {
    // An index that never left for KV was shown to nobody but its publisher.
    this.#sql.exec('DELETE FROM snapshot WHERE in_kv = 0')
    this.#sql.exec('UPDATE snapshot SET superseded_ms = ? WHERE superseded_ms IS NULL', nowMs)
    this.#sql.exec(
      'INSERT INTO snapshot (version, body) VALUES (?, ?)',
      index.version,
      JSON.stringify(index),
    )
  }

  /** What a label names is never forgotten, however old. */
  #forgetRevisions(name: string, { live, previous, canary, waiting, beside }: ServerState): void {
    const named = [live.digest, previous?.digest, canary?.digest, waiting, beside]
    this.#sql.exec(
      `DELETE FROM revision WHERE name = ?1 AND digest NOT IN (?2, ?3, ?4, ?5, ?6)
         AND digest NOT IN (
           SELECT digest FROM revision WHERE name = ?1 ORDER BY created_ms DESC LIMIT ?7)`,
      name,
      ...named.map((digest) => digest ?? ''),
      REVISIONS_PER_SERVER_MAX,
    )
  }

  #noteRules(act: Act, before: PlatformRule[], after: PlatformRule[], nowMs: number): void {
    if (JSON.stringify(before) === JSON.stringify(after)) return
    this.#note(act, undefined, { rules: before }, { rules: after }, nowMs)
  }

  /** Only what changed, so that one change can be taken back after another. */
  #note(
    { by, action, note }: Act,
    server: string | undefined,
    before: object | undefined,
    after: object | undefined,
    nowMs: number,
  ): void {
    const changed = changedKeys(before ?? {}, after ?? {})
    this.#sql.exec(
      `INSERT INTO change (at_ms, made_by, server, action, note, before, after)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      nowMs,
      by,
      server ?? null,
      action,
      note ?? null,
      JSON.stringify(pick(before ?? {}, changed)),
      JSON.stringify(pick(after ?? {}, changed)),
    )
    if (server === undefined) return
    this.#sql.exec(
      `DELETE FROM change WHERE server = ?1 AND id <= (
         SELECT id FROM change WHERE server = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
      server,
      CHANGES_PER_SERVER_MAX,
    )
  }

  #forgetChanges(): void {
    this.#sql.exec(
      'DELETE FROM change WHERE id <= (SELECT id FROM change ORDER BY id DESC LIMIT 1 OFFSET ?)',
      CHANGES_MAX,
    )
  }
}

/**
 * The first number of a Catalog's life is the second of its birth, so that no isolate, feed or
 * copy that is left of an earlier life holds a higher one.
 */
const numberAfter = (version: number): number =>
  version === 0 ? Math.floor(Date.now() / 1000) : version + 1

type Fields = Record<string, unknown>

function changedKeys(before: object, after: object): string[] {
  const [a, b] = [before as Fields, after as Fields]
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))
}

/** `null` stands for what is not there. */
const pick = (fields: object, keys: readonly string[]): Fields =>
  Object.fromEntries(keys.map((key) => [key, (fields as Fields)[key] ?? null]))

function whyTooLarge(index: CatalogIndex): string | undefined {
  const servers = Object.keys(index.servers).length
  if (servers > SERVERS_MAX) return `At most ${SERVERS_MAX} servers`
  const bytes = new TextEncoder().encode(JSON.stringify(index)).byteLength
  if (bytes <= INDEX_MAX_BYTES) return undefined
  return `Names, labels and policies together take ${bytes} bytes; at most ${INDEX_MAX_BYTES}: use rules of the platform for what many servers share`
}
