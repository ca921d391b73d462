/**
 * workers-oauth-provider, one instance per resource: an instance that knew all
 * resources would take seconds to build and would name every server in its
 * metadata (DPOP §1). `env` carries what its callback needs, per request.
 */
import {
  OAuthAuthorizationServer,
  OAuthError,
  type TokenExchangeCallbackOptions,
  type TokenExchangeCallbackResult,
} from '@cloudflare/workers-oauth-provider'
import type { VerifiedProof } from '#shared/identity/dpop-proof.ts'
import type { Policy } from '#shared/catalog/entry.ts'
import { createLruCache } from '#shared/lib/lru-cache.ts'
import { logEvent } from '#shared/lib/log.ts'
import { oauthError } from '../answers.ts'
import { checkBinding, redeemedProps, type GrantProps } from '../token/binding.ts'
import {
  ACCESS_TOKEN_SECONDS,
  AS_CACHE_ENTRIES,
  REFRESH_TOKEN_IDLE_SECONDS,
  STRICT_ACCESS_TOKEN_SECONDS,
} from '../limits.ts'
import { AUTHORIZE_PATH, REGISTER_PATH, TOKEN_PATH } from '../paths.ts'
import { mayUse } from './servers.ts'
import type { KnownServer } from './known-server.ts'
import type { Settings } from '../settings.ts'
import type { GrantKv } from '../store.ts'

export interface Issued {
  readonly props: GrantProps
  readonly clientId: string
  readonly grantId: string
  readonly resource: string
}

/** The bridge between one token request and the library's callback. */
export interface Carrier {
  /** The server of the presented grant; absent where no token can be issued. */
  readonly server?: KnownServer
  /** The request's DPoP proof; absent where no token can be issued, or none came. */
  readonly proof?: VerifiedProof
  /** See `Presented`. */
  readonly claimProof?: () => Promise<boolean>
  /** The client authenticates, or tries to, by a JWT (RFC 7523 §2.2). */
  readonly hasAssertion?: boolean
  /** Set by the callback: all checks of the library have passed. */
  issued?: Issued
}

export interface AsEnv {
  OAUTH_KV: GrantKv
  carrier: Carrier
}

export type AuthorizationServer = OAuthAuthorizationServer<AsEnv>

const instances = createLruCache<AuthorizationServer>(AS_CACHE_ENTRIES)

export function asFor(settings: Settings, resource: string): AuthorizationServer {
  const key = `${settings.issuer} ${resource}`
  const known = instances.get(key)
  if (known) return known
  const { issuer } = settings
  const made = new OAuthAuthorizationServer<AsEnv>({
    issuer,
    resources: [resource],
    authorizeEndpoint: issuer + AUTHORIZE_PATH,
    tokenEndpoint: issuer + TOKEN_PATH,
    clientRegistrationEndpoint: issuer + REGISTER_PATH,
    allowPrivateUseRedirectUris: true,
    clientIdMetadataDocumentEnabled: true,
    refreshTokenIdleTTL: REFRESH_TOKEN_IDLE_SECONDS,
    refreshTokenTTL: REFRESH_TOKEN_IDLE_SECONDS,
    tokenExchangeCallback: (options) => decideIssue(options as IssueOptions),
    onError: ({ status, code, internal }) => {
      logEvent('oauth_refused', { status, code, reason: internal?.reason })
    },
  })
  instances.set(key, made)
  return made
}

/**
 * One request to the library. It answers what is thrown while it issues tokens; what the store
 * refuses earlier, while the client authenticates, comes through as an exception, and is answered
 * here in the same form.
 */
export async function askLibrary(
  as: AuthorizationServer,
  request: Request,
  env: AsEnv,
  ctx: ExecutionContext,
): Promise<Response> {
  try {
    return await as.fetch(request, env, ctx)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const { code, statusCode: status, description, headers = {}, options } = error
    logEvent('oauth_refused', { status, code, reason: options.internal?.reason })
    const answer = oauthError(status, code, description)
    for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value)
    return answer
  }
}

/** A resource no server can have (its name is reserved), for what concerns no single one. */
export const asForAny = (settings: Settings): AuthorizationServer =>
  asFor(settings, placeholderResource(settings))

export const placeholderResource = ({ publicOrigin }: Settings): string => `${publicOrigin}/mcp`

type IssueOptions = TokenExchangeCallbackOptions & { env: AsEnv; props: GrantProps }

/** Runs after every check of the library and before it writes anything. */
async function decideIssue(options: IssueOptions): Promise<TokenExchangeCallbackResult> {
  const { carrier, OAUTH_KV } = options.env
  const { server } = carrier
  // Not `invalid_grant`: that would revoke, and policies come back.
  if (!server || !mayUse(options.props, server.policy)) {
    throw new OAuthError('invalid_target', { description: 'This server is not available to you' })
  }
  const { props, clientId, grantId, resource } = options
  const { proof, claimProof = neverClaimed, hasAssertion = false } = carrier
  const requiresProof = server.policy.dpop === 'required'
  const { client } = OAUTH_KV
  const presented = { proof, claimProof, hasAssertion, requiresProof, client }
  await checkBinding(props, presented)
  carrier.issued = { props, clientId, grantId, resource: String(resource) }
  const ttl = { accessTokenTTL: accessTokenSeconds(server.policy) }
  if (options.grantType !== 'authorization_code') return ttl
  const mayRefresh = client?.grantTypes?.includes('refresh_token') ?? true
  return {
    ...ttl,
    newProps: redeemedProps(props, presented),
    ...(mayRefresh ? {} : { refreshTokenTTL: 0 }),
  }
}

/** Lifetime of the access tokens of one server. */
export const accessTokenSeconds = (policy: Policy): number =>
  policy.strict ? STRICT_ACCESS_TOKEN_SECONDS : (policy.accessTokenSeconds ?? ACCESS_TOKEN_SECONDS)

const neverClaimed = async (): Promise<boolean> => false
