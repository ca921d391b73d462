/** What one isolate builds once from its configuration, and every request shares. */
import type { SigningKey } from '#shared/identity/assertion.ts'
import { CAPABILITY_LABEL } from '#shared/identity/capability.ts'
import { createDpopNonces, type DpopNonces } from '#shared/identity/dpop-nonce.ts'
import { deriveSealKeys, type SealKeys } from '#shared/identity/seal.ts'
import {
  platformOf as objectsPlatformOf,
  type Platform as ObjectsPlatform,
  type Rpc,
} from '#shared/contracts/entrypoints.ts'
import { createAuthenticator, type Authenticator } from '#shared/gateway/authenticate.ts'
import { CatalogView } from './catalog/catalog-view.ts'
import { createOriginPolicy, type OriginPolicy } from './cors.ts'
import { createServers } from './servers.ts'
import { createTokenKeys } from './token-keys.ts'
import { UsageCounter } from './usage.ts'

export interface Platform {
  readonly publicOrigin: string
  readonly issuer: string
  readonly issuerOrigin: string
  readonly origins: OriginPolicy
  readonly oauth: Fetcher
  readonly sessions: DurableObjectNamespace
  readonly tasks: DurableObjectNamespace
  readonly feed: DurableObjectNamespace
  readonly replay: DurableObjectNamespace
  /** What servers use too; here for what the router answers in their place. */
  readonly objects: Rpc<ObjectsPlatform>
  readonly hubs: DurableObjectNamespace
  readonly subscriptions: DurableObjectNamespace
  readonly authenticator: Authenticator
  readonly dpopNonces: DpopNonces
  readonly catalog: CatalogView
  readonly search: Fetcher
  readonly usage: UsageCounter
  readonly catalogObject: DurableObjectNamespace
  /** See shared/identity/operators.ts. */
  readonly operators: string
  readonly signingKey: SigningKey
  /** Keys of 2025-era session ids. Derived at the first such request. */
  sessionSealKeys(): Promise<SealKeys>
  /** Keys of request capabilities. Derived at the first call that uses PLATFORM. */
  capabilityKeys(): Promise<SealKeys>
}

let built: { env: Cloudflare.Env; platform: Platform } | undefined

/** @throws TypeError with the variable's name when the configuration cannot be used */
export function platformOf(env: Cloudflare.Env): Platform {
  if (built?.env !== env) built = { env, platform: build(env) }
  return built.platform
}

function build(env: Cloudflare.Env): Platform {
  const publicOrigin = originOf('PUBLIC_ORIGIN', env.PUBLIC_ORIGIN)
  const signingKey = JSON.parse(env.SIGNING_KEY) as SigningKey
  const nonces = createDpopNonces(env.DPOP_SECRET, publicOrigin)
  const catalog = new CatalogView(env, createServers(env), signingKey)
  let sessionKeys: Promise<SealKeys> | undefined
  let capabilityKeys: Promise<SealKeys> | undefined
  return {
    publicOrigin,
    issuer: env.ISSUER,
    issuerOrigin: originOf('ISSUER', env.ISSUER),
    origins: createOriginPolicy(publicOrigin, env.ALLOWED_ORIGINS),
    oauth: env.OAUTH,
    sessions: env.SESSION,
    tasks: env.TASK,
    feed: env.FEED,
    replay: env.REPLAY,
    objects: objectsPlatformOf(env.PLATFORM),
    hubs: env.HUB,
    subscriptions: env.SUBSCRIPTIONS,
    authenticator: createAuthenticator({
      issuer: env.ISSUER,
      publicOrigin,
      keys: createTokenKeys(env.OAUTH),
      nonces,
      lostBeforeSeconds: () => catalog.feedReader.last()?.lostBeforeSeconds ?? 0,
    }),
    dpopNonces: nonces,
    search: env.SEARCH,
    usage: new UsageCounter(env.USAGE),
    catalogObject: env.CATALOG,
    operators: env.OPERATORS,
    catalog,
    signingKey,
    sessionSealKeys: () => (sessionKeys ??= deriveSealKeys(env.SEAL_SECRETS, 'session')),
    capabilityKeys: () =>
      (capabilityKeys ??= deriveSealKeys(env.CAPABILITY_SECRETS, CAPABILITY_LABEL)),
  }
}

function originOf(variable: string, value: string): string {
  const origin = URL.parse(value)?.origin
  if (origin === undefined || origin !== value) {
    throw new TypeError(`${variable} must be an origin such as https://mcp.example.com`)
  }
  return origin
}
