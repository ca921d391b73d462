/**
 * The Catalog: single writer of what is published. SQLite here is the truth, KV a
 * read copy (catalog-snapshot.ts), the feed says which version is in force.
 *
 * Never calls a server: the router describes one and hands the result to `publish`.
 */
import { DurableObject } from 'cloudflare:workers'
import type { CatalogIndex, ServerDescription, ServerEntry } from '#shared/catalog/entry.ts'
import { logEvent } from '#shared/log.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import type { Catalog, PublishFailure } from '#shared/rpc.ts'
import { checkDescription } from './catalog-check.ts'
import { CatalogSnapshot } from './catalog-snapshot.ts'
import { CATALOG_MIGRATIONS, CatalogStore } from './catalog-store.ts'
import { INDEX_MAX_BYTES, SERVERS_MAX } from './limits.ts'
import { Tables } from './schema.ts'

export class CatalogObject extends DurableObject<Cloudflare.Env> implements Catalog {
  readonly #store: CatalogStore
  readonly #snapshot: CatalogSnapshot

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    const tables = new Tables(state.storage, CATALOG_MIGRATIONS)
    this.#store = new CatalogStore(state.storage, tables)
    this.#snapshot = new CatalogSnapshot(this.#store, state.storage, () => this.env)
  }

  index(version?: number): CatalogIndex | null {
    return this.#store.index(version)
  }

  entry(name: string, digest: string): ServerEntry | null {
    return this.#store.entry(name, digest)
  }

  async publish(
    name: string,
    description: ServerDescription,
  ): Promise<Result<CatalogIndex, PublishFailure>> {
    const checked = await checkDescription(name, description)
    if (!checked.ok) {
      logEvent('publish_refused', {
        reason: checked.failure.reason,
        detail: checked.failure.detail,
      })
      return checked
    }
    const recorded = this.#record(name, checked.value)
    if (recorded.ok && recorded.value) await this.#snapshot.changed()
    if (!recorded.ok) return recorded
    return ok(this.#store.index() as CatalogIndex)
  }

  override async alarm(): Promise<void> {
    await this.#snapshot.run()
  }

  /** One atomic step, so that of two publishers at once neither is lost. @returns whether the index changed */
  #record(name: string, description: ServerDescription): Result<boolean, PublishFailure> {
    const known = this.#store.server(name)
    if (known?.digest === description.digest) {
      this.#store.recordBuild(name, description.build)
      return ok(false)
    }
    const policy = this.#store.policyFor(name, description.policy)
    // The deploy that made a server stands for its first approval; later ones wait for an operator.
    const live = !known || policy.publish === 'auto'
    if (!live && this.#store.knows(name, description.digest)) return ok(false)
    const index = live ? this.#store.indexWith(name, description.digest, policy) : undefined
    if (index && Object.keys(index.servers).length > SERVERS_MAX) {
      return fail({ reason: 'too_many_servers', detail: `At most ${SERVERS_MAX} servers` })
    }
    // Names, digests and policies are ASCII: characters are bytes.
    if (index && JSON.stringify(index).length > INDEX_MAX_BYTES) {
      return fail({ reason: 'too_many_servers', detail: `Index above ${INDEX_MAX_BYTES} bytes` })
    }
    this.#store.record(name, description, index, Date.now())
    logEvent('published', {
      server: name,
      digest: description.digest,
      build: description.build,
      version: this.#store.version(),
      live,
    })
    return ok(live)
  }
}
