/** What one request to the authorization server works with. */
import { ACCESS_TOKEN_MAX_SECONDS } from '#shared/catalog/limits.ts'
import { apiKeysOf, feedOf } from '#shared/contracts/entrypoints.ts'
import { backupOf } from '#shared/catalog/backup-contract.ts'
import type { AsEnv, Carrier } from './authorize/as-for-resource.ts'
import { openClient } from './authorize/client-id.ts'
import { ServerCatalog } from './authorize/servers.ts'
import { settingsOf, type Settings } from './settings.ts'
import { GrantKv, Shards, type StoreOptions } from './store.ts'

export interface Exchange {
  readonly settings: Settings
  readonly shards: Shards
  readonly catalog: ServerCatalog
  readonly ctx: ExecutionContext
  /** Which DPoP proofs were used. */
  readonly replay: DurableObjectNamespace
  readonly apiKeys: ReturnType<typeof apiKeysOf>
  readonly backup: ReturnType<typeof backupOf>
  /** People's accounts at upstream services. */
  readonly connections: DurableObjectNamespace
  /** Tells every isolate that tokens of a grant no longer count. */
  revokeGrant(grantId: string, untilSeconds: number): Promise<void>
  /** A fresh view of the store, with what the library's callback needs. */
  asEnv(carrier?: Carrier, options?: StoreOfRequest): AsEnv
}

/** What differs from one request's store to the next. */
type StoreOfRequest = Pick<StoreOptions, 'holdsGrants' | 'holdsConsent' | 'assertionsUsed'>

let catalog: { env: Cloudflare.Env; catalog: ServerCatalog } | undefined

export function exchangeOf(env: Cloudflare.Env, ctx: ExecutionContext): Exchange {
  if (catalog?.env !== env) catalog = { env, catalog: new ServerCatalog(env) }
  const settings = settingsOf(env)
  const shards = new Shards(env.GRANTS)
  const revokeGrant = (grantId: string, untilSeconds: number) =>
    feedOf(env.FEED).revokeGrant(grantId, untilSeconds)
  const store = (options: StoreOfRequest) =>
    new GrantKv({
      shards,
      publicOrigin: settings.publicOrigin,
      ...options,
      openClient: async (id) => openClient(await settings.clientKeys(), id, nowSeconds()),
      grantRevoked: (grantId) => revokeGrant(grantId, nowSeconds() + ACCESS_TOKEN_MAX_SECONDS),
    })
  return {
    settings,
    shards,
    catalog: catalog.catalog,
    ctx,
    replay: env.REPLAY,
    apiKeys: apiKeysOf(env.API_KEYS_STORE),
    backup: backupOf(env.BACKUP),
    connections: env.CONNECTION,
    revokeGrant,
    asEnv: (carrier = {}, options = {}) => ({ OAUTH_KV: store(options), carrier }),
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
