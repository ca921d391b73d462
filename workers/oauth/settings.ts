/** What one isolate reads once from its configuration; every request shares it. */
import { createDpopNonces, type DpopNonces } from '#shared/identity/dpop-nonce.ts'
import { listOf, parseClaimNames, type IdentityMapping } from '#shared/identity/identity.ts'
import { deriveSealKeys, type SealKeys } from '#shared/identity/seal.ts'
import { readMachines, type Machines } from './machines/machines.ts'
import { parseOwnerLink, type OwnerLink } from './people/owner-link.ts'
import { readTokenKeys, type TokenKeyRing, type TokenKeys } from './token/token-keys.ts'
import { createTrustedIssuers, type TrustedIssuers } from './machines/trusted-issuers.ts'

export interface OidcSettings {
  readonly issuer: URL
  readonly clientId: string
  /** Empty: a public client at the IdP. */
  readonly clientSecret: string
  /** Space-separated; some providers say groups only where a scope asks for them. */
  readonly scope: string
  readonly mapping: IdentityMapping
}

export interface Settings {
  /** Byte for byte what metadata and `iss` carry. */
  readonly issuer: string
  readonly publicOrigin: string
  /** Name of the environment, for command lines that are shown. */
  readonly environment: string
  /** Resource of clients that name none; empty = decide by what there is. */
  readonly defaultResource: string
  readonly oidc: OidcSettings | undefined
  readonly ownerLink: OwnerLink | undefined
  readonly trustedIssuers: TrustedIssuers
  readonly takesApiKeys: boolean
  /** The router's, too, where both are one origin. */
  readonly dpopNonces: DpopNonces
  readonly machines: Machines
  /** Of all clients together. */
  readonly registrationsPerMinute: number
  clientKeys(): Promise<SealKeys>
  sessionKeys(): Promise<SealKeys>
  refreshKeys(): Promise<SealKeys>
  /** As of now. */
  tokenKeys(): Promise<TokenKeys>
}

let built: { env: Cloudflare.Env; settings: Settings } | undefined

/** @throws TypeError with the variable's name when the configuration cannot be used */
export function settingsOf(env: Cloudflare.Env): Settings {
  if (built?.env !== env) built = { env, settings: build(env) }
  return built.settings
}

function build(env: Cloudflare.Env): Settings {
  let clientKeys: Promise<SealKeys> | undefined
  let sessionKeys: Promise<SealKeys> | undefined
  let refreshKeys: Promise<SealKeys> | undefined
  let tokenKeys: Promise<TokenKeyRing> | undefined
  const issuer = originOf('ISSUER', env.ISSUER)
  const publicOrigin = originOf('PUBLIC_ORIGIN', env.PUBLIC_ORIGIN)
  return {
    issuer,
    publicOrigin,
    environment: env.ENVIRONMENT,
    defaultResource: env.DEFAULT_RESOURCE,
    oidc: oidcOf(env),
    ownerLink: parseOwnerLink(env.OWNER_LINK),
    trustedIssuers: createTrustedIssuers(env.TRUSTED_ISSUERS, { issuer, publicOrigin }),
    takesApiKeys: isOn('API_KEYS', env.API_KEYS),
    dpopNonces: createDpopNonces(env.DPOP_SECRET, issuer),
    machines: readMachines(env),
    registrationsPerMinute: countOf('REGISTRATIONS_PER_MINUTE', env.REGISTRATIONS_PER_MINUTE),
    clientKeys: () => (clientKeys ??= deriveSealKeys(env.SEAL_SECRETS, 'oauth/client')),
    sessionKeys: () => (sessionKeys ??= deriveSealKeys(env.SEAL_SECRETS, 'oauth/session')),
    refreshKeys: () => (refreshKeys ??= deriveSealKeys(env.SEAL_SECRETS, 'oauth/refresh')),
    tokenKeys: async () => (await (tokenKeys ??= readTokenKeys(env.TOKEN_KEYS)))(Date.now() / 1000),
  }
}

function oidcOf(env: Cloudflare.Env): OidcSettings | undefined {
  if (!env.OIDC_ISSUER) return undefined
  const issuer = URL.parse(env.OIDC_ISSUER)
  if (!issuer || !env.OIDC_CLIENT_ID) {
    throw new TypeError('OIDC_ISSUER must be a URL and OIDC_CLIENT_ID must be set beside it')
  }
  return {
    issuer,
    clientId: env.OIDC_CLIENT_ID,
    clientSecret: env.OIDC_CLIENT_SECRET,
    scope: env.OIDC_SCOPES,
    mapping: {
      tenantClaim: env.OIDC_TENANT_CLAIM,
      groupsClaim: env.OIDC_GROUPS_CLAIM,
      groupPatterns: listOf(env.OIDC_GROUPS),
      claims: parseClaimNames('OIDC_CLAIMS', env.OIDC_CLAIMS),
    },
  }
}

function isOn(variable: string, value: string): boolean {
  if (value !== '' && value !== 'on') throw new TypeError(`${variable} must be "on" or empty`)
  return value === 'on'
}

function countOf(variable: string, text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) throw new TypeError(`${variable} must be a number`)
  return count
}

function originOf(variable: string, value: string): string {
  if (URL.parse(value)?.origin !== value) {
    throw new TypeError(`${variable} must be an origin such as https://mcp.example.com`)
  }
  return value
}
