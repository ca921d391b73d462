/** What one isolate builds once from its configuration, and every request shares. */
import {
  subscriptionsOf,
  hubsOf,
  taskOf,
  feedOf,
  sessionOf,
  platformOf,
} from '#shared/contracts/entrypoints.ts'
import { claimProof } from '#shared/contracts/claim-proof.ts'
import type { SigningKey } from '#shared/identity/assertion.ts'
import { CAPABILITY_LABEL } from '#shared/identity/capability.ts'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'
import { deriveSealKeys, type SealKeys } from '#shared/identity/seal.ts'
import type { Gateway } from '#shared/gateway/ports.ts'
import { createAuthenticator } from '#shared/gateway/authenticate/authenticate.ts'
import { CatalogView } from './catalog/catalog-view.ts'
import { createOriginPolicy, type OriginPolicy } from './cors.ts'
import { createServers } from './servers.ts'
import { createTokenKeys } from './token-keys.ts'
import { UsageCounter } from './usage.ts'

/** The router's own configuration, beside the ports of the gateway. */
export interface RouterConfig extends Gateway {
  readonly issuerOrigin: string
  readonly origins: OriginPolicy
  readonly oauth: Fetcher
  readonly catalog: CatalogView
  readonly search: Fetcher
  readonly catalogObject: DurableObjectNamespace
  /** See shared/identity/operators.ts. */
  readonly operators: string
}

let built: { env: Cloudflare.Env; config: RouterConfig } | undefined

/** @throws TypeError with the variable's name when the configuration cannot be used */
export function configOf(env: Cloudflare.Env): RouterConfig {
  if (built?.env !== env) built = { env, config: build(env) }
  return built.config
}

function build(env: Cloudflare.Env): RouterConfig {
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
    sessions: (name) => sessionOf(env.SESSION, name),
    endSession: async (id, untilSeconds) => feedOf(env.FEED).deleteSession(id, untilSeconds),
    tasks: (name) => taskOf(env.TASK, name),
    claimProof: (proof) => claimProof(env.REPLAY, proof),
    services: platformOf(env.PLATFORM),
    hubs: hubsOf(env.HUB),
    subscriptions: (name) => subscriptionsOf(env.SUBSCRIPTIONS, name),
    authenticator: createAuthenticator({
      issuer: env.ISSUER,
      publicOrigin,
      keys: createTokenKeys(env.OAUTH),
      nonces,
      lostBeforeSeconds: () => catalog.feedReader.last()?.lostBeforeSeconds ?? 0,
    }),
    dpopNonces: nonces,
    search: env.SEARCH,
    clock: { nowMs: () => Date.now() },
    // Sizes are bounded where bodies are read; rates are not limited yet.
    limiter: { admit: () => undefined },
    meter: new UsageCounter(env.USAGE),
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
