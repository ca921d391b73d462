/**
 * The OAuth client that we are at an upstream service (OAuth 2.1: code with PKCE,
 * refresh, revocation), by oauth4webapi. Knows no person and keeps nothing.
 */
import * as oauth from 'oauth4webapi'
import { fetchForeign } from '#shared/lib/foreign-fetch.ts'
import type { Provider } from '#shared/services/connection-config.ts'
import {
  PROVIDER_ANSWER_MAX_BYTES,
  PROVIDER_TIMEOUT_MS,
} from '#shared/services/connection-limits.ts'
import { isLoopbackUrl } from '#shared/lib/public-address.ts'

/** What a service gave us for one person. */
export interface UpstreamTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  /** Absent: it does not say, so it counts until refused. */
  readonly expiresAtSeconds?: number
}

export interface Linking {
  readonly state: string
  readonly verifier: string
  readonly redirectUri: string
}

/** @param provider its name, which the state begins with: the way back tells it by that */
export async function beginLinking(
  name: string,
  provider: Provider,
  redirectUri: string,
): Promise<{ url: string; linking: Linking }> {
  const state = `${name}.${oauth.generateRandomState()}`
  const verifier = oauth.generateRandomCodeVerifier()
  const url = new URL(provider.authorizationEndpoint)
  for (const [key, value] of Object.entries({
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(provider.scopes ? { scope: provider.scopes } : {}),
  })) {
    url.searchParams.set(key, value)
  }
  return { url: url.href, linking: { state, verifier, redirectUri } }
}

/** @throws of oauth4webapi, when the answer is not to what was asked, or the service says no */
export async function finishLinking(
  provider: Provider,
  { state, verifier, redirectUri }: Linking,
  callback: URL,
): Promise<UpstreamTokens> {
  const { as, client, authentication, options } = partsOf(provider)
  const parameters = oauth.validateAuthResponse(as, client, callback, state)
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    options(),
  )
  return tokensOf(await oauth.processAuthorizationCodeResponse(as, client, answer))
}

/** @throws of oauth4webapi; {@link isRefusal} tells a no from an outage */
export async function refreshTokens(
  provider: Provider,
  refreshToken: string,
): Promise<UpstreamTokens> {
  const { as, client, authentication, options } = partsOf(provider)
  const answer = await oauth.refreshTokenGrantRequest(
    as,
    client,
    authentication,
    refreshToken,
    options(),
  )
  const tokens = tokensOf(await oauth.processRefreshTokenResponse(as, client, answer))
  // A service that does not rotate says nothing of it.
  return { refreshToken, ...tokens }
}

/** RFC 7009; @throws when it cannot be said */
export async function revokeTokens(provider: Provider, token: string): Promise<void> {
  const { as, client, authentication, options } = partsOf(provider)
  const answer = await oauth.revocationRequest(as, client, authentication, token, options())
  await oauth.processRevocationResponse(answer)
}

/**
 * The service said no, or what it said is no answer to what we asked: the person must
 * link anew. All else may pass. (Some say no with 200 and no token: INVALID_RESPONSE.)
 */
export const isRefusal = (error: unknown): boolean =>
  error instanceof oauth.AuthorizationResponseError ||
  (error instanceof oauth.OperationProcessingError && error.code === oauth.INVALID_RESPONSE) ||
  error instanceof oauth.WWWAuthenticateChallengeError ||
  (error instanceof oauth.ResponseBodyError && error.status < 500)

function partsOf(provider: Provider) {
  const { tokenEndpoint, authorizationEndpoint, revocationEndpoint, clientId, clientSecret } =
    provider
  const as: oauth.AuthorizationServer = {
    issuer: provider.issuer ?? new URL(authorizationEndpoint).origin,
    authorization_endpoint: authorizationEndpoint,
    token_endpoint: tokenEndpoint,
    ...(revocationEndpoint ? { revocation_endpoint: revocationEndpoint } : {}),
  }
  const authentication = !clientSecret
    ? oauth.None()
    : provider.clientAuthentication === 'post'
      ? oauth.ClientSecretPost(clientSecret)
      : oauth.ClientSecretBasic(clientSecret)
  // Cleartext only to a service on this machine: a development setup.
  const local = isLoopbackUrl(tokenEndpoint)
  const rules = { local, maxBytes: PROVIDER_ANSWER_MAX_BYTES, timeoutMs: PROVIDER_TIMEOUT_MS }
  const options = () => ({
    [oauth.allowInsecureRequests]: local,
    [oauth.customFetch]: (address: string, init: object) =>
      fetchForeign(address, init as RequestInit, rules),
  })
  return { as, client: { client_id: clientId }, authentication, options }
}

function tokensOf(answer: oauth.TokenEndpointResponse): UpstreamTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: lifetime } = answer
  return {
    accessToken,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(lifetime === undefined
      ? {}
      : { expiresAtSeconds: Math.floor(Date.now() / 1000) + lifetime }),
  }
}
