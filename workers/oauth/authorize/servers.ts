/** The servers a token can be for, as the catalog knows them, and who may sign in to them. */
import { type KnownServer, type Person } from './known-server.ts'
import { identityOf, type Principal } from '#shared/identity/principal.ts'
import type { CatalogIndex, Policy } from '#shared/catalog/entry.ts'
import { isRevoked, type Revocable } from '#shared/catalog/readers/feed-local.ts'
import { createFeedReader, type FeedReader } from '#shared/catalog/readers/feed-reader.ts'
import type { CompiledServer } from '#shared/catalog/list.ts'
import type { Lifetime } from '#shared/lib/lifetime.ts'
import { maySee } from '#shared/catalog/policy.ts'
import type { Rule } from '#shared/catalog/rules.ts'
import {
  createSnapshotReader,
  type SnapshotReader,
} from '#shared/catalog/readers/snapshot-reader.ts'
import type { Standing } from '#shared/catalog/standing.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { CATALOG_NAME } from '#shared/protocol/names.ts'
import { feedOf } from '#shared/contracts/entrypoints.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import { CATALOG_SERVER, catalogDefinitions } from './catalog-resource.ts'
import { CATALOG_MAX_AGE_MS } from '../limits.ts'

/** The person in something that holds more. */
export const personOf = (holder: Person): Person => ({
  subject: holder.subject,
  tenant: holder.tenant,
  ...identityOf(holder),
})

const NO_INDEX: CatalogIndex = { version: 0, servers: {} }

/** Neither snapshot nor object answered. One place makes it a 503. */
export class CatalogUnavailable extends Error {
  override readonly name = 'CatalogUnavailable'
}

export class ServerCatalog {
  readonly #catalog: DurableObjectNamespace
  readonly #feed: FeedReader
  readonly #snapshot: SnapshotReader
  readonly #operators: string

  constructor(env: Cloudflare.Env) {
    this.#catalog = env.CATALOG
    this.#operators = env.OPERATORS
    this.#feed = createFeedReader({ feed: () => feedOf(env.FEED), deployment: env.PUBLIC_ORIGIN })
    this.#snapshot = createSnapshotReader({
      kv: env.CATALOG_KV,
      catalog: () => catalogOf(env.CATALOG),
    })
  }

  /** @throws CatalogUnavailable */
  async find(name: string, lifetime: Lifetime): Promise<KnownServer | undefined> {
    if (name === CATALOG_NAME) return CATALOG_SERVER
    const found = entryOf(await this.#index(lifetime), name)
    // Published since the feed was written: a client comes here right after its first 401.
    return found ?? entryOf(await this.#newestIndex(lifetime), name)
  }

  /** By the feed as it is now. @throws CatalogUnavailable */
  async isRevoked(token: Revocable, lifetime: Lifetime): Promise<boolean> {
    const feed = await this.#feed.read(lifetime, { maxAgeMs: 0 })
    if (!feed.ok) throw new CatalogUnavailable('the control feed cannot be read')
    return isRevoked(feed.value, token)
  }

  /** How Catalog, feed and KV stand to each other. */
  standing(): Promise<Standing> {
    return catalogOf(this.#catalog).standing()
  }

  /** Servers the person may see, by name. @throws CatalogUnavailable */
  async visibleTo(person: Person, lifetime: Lifetime): Promise<KnownServer[]> {
    const { servers } = await this.#newestIndex(lifetime)
    return Object.entries(servers)
      .map(([name, { digest, view, policy }]) => ({ name, digest, view, policy }))
      .filter(({ policy }) => mayUse(person, policy))
      .sort((a, b) => a.name.localeCompare(b.name))
  }

  /** @throws CatalogUnavailable */
  async definitions(
    server: KnownServer,
    person: Person,
    lifetime: Lifetime,
  ): Promise<CompiledServer> {
    if (server.name === CATALOG_NAME) return catalogDefinitions(person, this.#operators)
    const view = server.view ?? server.digest
    const read = await this.#snapshot.server(server.name, view, lifetime)
    if (!read.ok) throw new CatalogUnavailable(`the definitions of ${server.name} cannot be read`)
    return read.value
  }

  /**
   * From the object itself: publications of one second reach the feed together. Sign-ins
   * are rare. A Catalog that lost what it held says less than the feed: then the feed's counts.
   */
  async #newestIndex(lifetime: Lifetime): Promise<CatalogIndex> {
    try {
      const [newest, known] = await Promise.all([
        catalogOf(this.#catalog).index(),
        this.#index(lifetime).catch(() => NO_INDEX),
      ])
      return newest && newest.version >= known.version ? newest : known
    } catch (error) {
      logUnexpected('catalog_unreachable', error)
      throw new CatalogUnavailable('the catalog cannot be read')
    }
  }

  async #index(lifetime: Lifetime): Promise<CatalogIndex> {
    const feed = await this.#feed.read(lifetime, { maxAgeMs: CATALOG_MAX_AGE_MS })
    const view = feed.ok ? feed.value : feed.failure.last
    if (!view) throw new CatalogUnavailable('the control feed cannot be read')
    const read = await this.#snapshot.index(view.catalogVersion, view.catalogSeal, lifetime)
    if (read.ok) return read.value
    if (read.failure.reason === 'unknown') return NO_INDEX
    throw new CatalogUnavailable('the catalog index cannot be read')
  }
}

/**
 * The policy's own rule, asked for a person who holds no scope yet. What it says of
 * single clients is the router's to enforce: here, whom some client could serve may sign in.
 */
export function mayUse(person: Person, policy: Policy): boolean {
  const principal: Principal = { ...personOf(person), clientId: '', scopes: [] }
  return maySee(
    principal,
    policy.rules ? { ...policy, rules: withoutClients(policy.rules) } : policy,
  )
}

const withoutClients = (rules: readonly Rule[]): Rule[] =>
  rules.flatMap((rule) => {
    const { clients, ...who } = rule.who ?? {}
    if (!clients) return [rule]
    return rule.effect === 'allow' ? [{ ...rule, who }] : []
  })

function entryOf({ servers }: CatalogIndex, name: string): KnownServer | undefined {
  const entry = Object.hasOwn(servers, name) ? servers[name] : undefined
  return entry && { name, ...entry }
}
