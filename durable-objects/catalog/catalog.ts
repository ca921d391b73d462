/**
 * The Catalog: single writer of what is published. SQLite here is the truth, KV a
 * read copy (snapshot.ts), the feed says which version is in force.
 *
 * Never calls a server: the router describes one and hands the result to `publish`.
 */
import { DurableObject } from 'cloudflare:workers'
import {
  armKeyOf,
  type CatalogIndex,
  DEFAULT_POLICY,
  indexKey,
  type Policy,
  type PolicyFile,
  type ServerDescription,
  type ServerEntry,
  serverKey,
  unfoldIndex,
} from '#shared/catalog/entry.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { Catalog, PublishFailure } from '#shared/catalog/contract.ts'
import type { PublicServer } from '#shared/catalog/search/registry.ts'
import type { Searchable } from '#shared/catalog/search/search-contract.ts'
import type { Standing } from '#shared/catalog/standing.ts'
import { type CanaryWatch, type UsageTotals, usageOf } from '#shared/catalog/usage.ts'
import type { Announcement } from '#shared/contracts/entrypoints.ts'
import type { CatalogForBackup } from '#shared/catalog/backup-contract.ts'
import { CatalogAdmin } from './admin.ts'
import { catalogPage } from './backup.ts'
import { checkDescription } from './check.ts'
import { CatalogHistory } from './history.ts'
import { CatalogRestore, KEY_HOLDER } from './restore.ts'
import { CATALOG_MIGRATIONS } from './schema.ts'
import { publicServersOf, searchableOf } from './searchable.ts'
import { CatalogSnapshot } from './snapshot.ts'
import { deployed, firstState } from './state.ts'
import { CatalogStanding } from './standing.ts'
import { CatalogStore } from './store.ts'
import { CatalogWriter } from './writer.ts'
import { runChecks } from './checks/all.ts'
import { Tables } from '../schema.ts'

export class CatalogObject
  extends DurableObject<Cloudflare.Env>
  implements Catalog, CatalogForBackup
{
  readonly #tables: Tables
  readonly #store: CatalogStore
  readonly #snapshot: CatalogSnapshot
  readonly #writer: CatalogWriter
  readonly #admin: CatalogAdmin
  readonly #standing: CatalogStanding
  readonly #restore: CatalogRestore
  #api: { fetch(request: Request): Response | Promise<Response> } | undefined
  /** The last write begun: the next one waits for it. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    const tables = new Tables(state.storage, CATALOG_MIGRATIONS)
    this.#tables = tables
    this.#store = new CatalogStore(state.storage, tables)
    this.#writer = new CatalogWriter(this.#store, state.storage, tables)
    this.#snapshot = new CatalogSnapshot({
      store: this.#store,
      storage: state.storage,
      targets: () => this.env,
      renumber: (above) => this.#writer.renumber(above),
    })
    this.#standing = new CatalogStanding({
      store: this.#store,
      writer: this.#writer,
      snapshot: this.#snapshot,
      targets: () => this.env,
    })
    const history = new CatalogHistory(state.storage, tables)
    const usage = async (server: string, sinceMs: number): Promise<UsageTotals[]> =>
      usageOf(this.env.USAGE, server).totals(sinceMs)
    this.#admin = new CatalogAdmin(this.#store, this.#writer, history, usage)
    this.#restore = new CatalogRestore(this.#store, state.storage, tables, this.#writer, history)
  }

  async index(version?: number): Promise<CatalogIndex | null> {
    if (version !== undefined) await this.#snapshot.missed(indexKey(version))
    return this.#newestOr(version)
  }

  #newestOr(version?: number): CatalogIndex | null {
    const index = this.#store.index(version)
    return index && unfoldIndex(index)
  }

  standing(): Promise<Standing> {
    return this.#standing.standing()
  }

  async announced(): Promise<Announcement | null> {
    await this.#snapshot.resume()
    return this.#snapshot.announced()
  }

  async entry(name: string, view: string): Promise<ServerEntry | null> {
    await this.#snapshot.missed(serverKey(name, view))
    return this.#store.entry(name, view)
  }

  async publish(
    name: string,
    description: ServerDescription,
    script?: 'canary',
  ): Promise<Result<CatalogIndex, PublishFailure>> {
    const checked = await checkDescription(name, description)
    if (!checked.ok) {
      const { reason, detail } = checked.failure
      logEvent('publish_refused', { reason, detail })
      return checked
    }
    const recorded = await this.#inTurn(async () => {
      const held = await this.#whyHeld()
      return held ? fail(held) : this.#record(name, checked.value, script)
    })
    if (!recorded.ok) return recorded
    if (recorded.value) await this.#snapshot.changed()
    return ok(this.#newestOr() as CatalogIndex)
  }

  /**
   * A Catalog that lost what it held takes nothing from deploys: it would show what an
   * operator had turned off. Callers are shown the last index until an operator speaks.
   */
  async #whyHeld(): Promise<PublishFailure | undefined> {
    try {
      if (!(await this.#standing.isLost())) return undefined
      return { reason: 'lost', detail: 'The Catalog lost what it held: npm run catalog -- status' }
    } catch (error) {
      const ref = logUnexpected('catalog_not_compared', error)
      return { reason: 'unavailable', detail: `The feed or KV cannot be asked (ref ${ref})` }
    }
  }

  /** The operator's side: asks, or changes something in its turn, and carries that out. */
  async #administer<Answer>(work: (admin: CatalogAdmin) => Promise<Answer>): Promise<Answer> {
    const before = this.#store.version()
    const answer = await this.#inTurn(() => work(this.#admin))
    if (this.#store.version() !== before) await this.#snapshot.changed()
    return answer
  }

  searchable(replaced?: { server: string; revision: string }): Searchable | null {
    return searchableOf(this.#store, replaced)
  }

  publicServers(): PublicServer[] {
    return publicServersOf(this.#store)
  }

  canaryOf(server: string): CanaryWatch | null {
    const canary = this.#store.server(server)?.state.canary
    const pointer = this.#store.index()?.servers[server]?.canary
    if (!canary?.rollback || !pointer) return null
    return { view: armKeyOf(pointer), sinceMs: canary.sinceMs, ...canary.rollback }
  }

  async takeBack(server: string, view: string, reason: string): Promise<boolean> {
    return this.#administer(async (admin) => {
      // Promoted, changed or taken back by a person meanwhile: theirs is the last word.
      if (this.canaryOf(server)?.view !== view) return false
      const done = await admin.rollBack(server, { by: 'automatic', note: reason })
      logEvent('canary_taken_back', { server, view, reason, done: done.ok })
      return done.ok
    })
  }

  noteBackup(note: string): void {
    this.#admin.history.append({ by: KEY_HOLDER, action: 'backup', note })
  }

  backUp(cursor: string, maxChars: number): ReturnType<CatalogForBackup['backUp']> {
    return catalogPage(this.#store, this.#tables, this.ctx.storage.sql, cursor, maxChars)
  }

  stage(...staged: Parameters<CatalogForBackup['stage']>): void {
    this.#restore.stage(...staged)
  }

  async finishRestore(backup: string): ReturnType<CatalogForBackup['finishRestore']> {
    const done = await this.#administer(() => this.#restore.finish(backup))
    if (!done.ok) return done
    const { taken } = await this.#snapshot.settle()
    return ok({ ...done.value, isInForce: taken })
  }

  /** The admin API (api.ts). */
  override async fetch(request: Request): Promise<Response> {
    const { createCatalogApi } = await import('./api.ts')
    this.#api ??= createCatalogApi({
      administer: (work) => this.#administer(work),
      settle: () => this.#snapshot.settle(),
      standing: this.#standing,
    })
    return this.#api.fetch(request)
  }

  override async alarm(): Promise<void> {
    await this.#snapshot.run()
  }

  /** Writes take turns, so that of two at once neither is lost and none is half seen. */
  #inTurn<Answer>(write: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#writing.then(write)
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  /** @returns whether callers are shown anything else than before */
  async #record(
    name: string,
    description: ServerDescription,
    script: 'canary' | undefined,
  ): Promise<Result<boolean, PublishFailure>> {
    const known = this.#store.server(name)
    if (!known && script !== undefined) {
      return fail({ reason: 'bad_name', detail: 'A canary of a server that is not known' })
    }
    const { digest, build, definitions } = description
    const isKnownRevision = this.#store.definitions(name, digest) !== undefined
    const findings = runChecks({ name, definitions, foreignTools: this.#toolsBeside(name) })
    const needsOperator = findings.some(({ level }) => level === 'refusal')
    const next = known
      ? deployed(known.state, digest, script, needsOperator)
      : firstState(policyOf(description.policy), digest, needsOperator)
    if (known && isKnownRevision && next === known.state) {
      this.#store.recordBuild(name, build)
      return ok(false)
    }
    const revision = { digest, build, definitions, findings, madeBy: 'deploy' }
    const act = { by: 'deploy', action: known ? 'deploy' : 'create' }
    const written = await this.#writer.write(act, [{ name, next, revision }])
    if (!written.ok) return fail({ reason: 'too_many_servers', detail: written.failure.detail })
    const live = next.live.digest === digest
    logEvent('published', { server: name, digest, build, version: this.#store.version(), live })
    if (needsOperator) {
      const [first] = findings
      logEvent('publish_waits', { server: name, digest, reason: first?.detail, item: first?.item })
    }
    return written
  }

  /** Tool names of all other servers, for the check that looks for them. */
  #toolsBeside(name: string): Map<string, string> {
    return new Map(
      this.#store
        .toolNames()
        .flatMap(({ server, tool }) => (server === name ? [] : [[tool, server]])),
    )
  }
}

/** First sight: the file's word, else closed. */
function policyOf(file: PolicyFile | undefined): Policy {
  const { $schema: _schema, ...said } = file ?? {}
  const defined = Object.entries(said).filter(([, value]) => value !== undefined)
  return { ...DEFAULT_POLICY, ...Object.fromEntries(defined) } as Policy
}
