/**
 * Signs an operator in through their browser: OAuth 2.1 with PKCE, the answer on a
 * loopback port (RFC 8252 §7.3), by oauth4webapi, which checks every answer.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'oauth4webapi'
import { ADMIN_SCOPE } from '#shared/identity/operators.ts'
import { CATALOG_NAME, resourcePathOf } from '#shared/protocol/names.ts'
import { Stop } from '../stop.ts'
import type { KeptTokens } from './token-file.ts'

/** Somebody has gone for coffee; longer, and nobody comes. */
const SIGN_IN_TIMEOUT_MS = 5 * 60_000

/** `http` is for this machine only: elsewhere the library refuses it. */
const optionsFor = (origin: string): { [oauth.allowInsecureRequests]?: boolean } =>
  new URL(origin).hostname === 'localhost' ? { [oauth.allowInsecureRequests]: true } : {}

/** @param show is given the address to open */
export async function signIn(origin: string, show: (url: URL) => void): Promise<KeptTokens> {
  const options = optionsFor(origin)
  const as = await authorizationServerOf(origin)
  const { server, redirectUri, answer } = await listen()
  try {
    const metadata = {
      client_name: 'mcp-edge catalog',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    }
    const client = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(as, metadata, options),
    )
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const url = new URL(String(as.authorization_endpoint))
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: redirectUri,
      scope: ADMIN_SCOPE,
      resource: resourceOf(origin),
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString()
    show(url)
    const params = oauth.validateAuthResponse(as, client, await answer, state)
    const granted = await oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(
        as,
        client,
        oauth.None(),
        params,
        redirectUri,
        verifier,
        { ...options, additionalParameters: { resource: resourceOf(origin) } },
      ),
    )
    return tokensOf(client.client_id, granted)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** @returns `undefined`: the sign-in has ended, begin anew */
export async function refresh(origin: string, kept: KeptTokens): Promise<KeptTokens | undefined> {
  const { clientId, refreshToken } = kept
  if (refreshToken === undefined) return undefined
  const as = await authorizationServerOf(origin)
  const client = { client_id: clientId }
  try {
    const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refreshToken, {
      ...optionsFor(origin),
      additionalParameters: { resource: resourceOf(origin) },
    })
    return tokensOf(clientId, await oauth.processRefreshTokenResponse(as, client, answer))
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return undefined
    throw error
  }
}

/** Where the platform says its authorization server is (RFC 9728). */
async function authorizationServerOf(origin: string): Promise<oauth.AuthorizationServer> {
  const options = optionsFor(origin)
  const resource = new URL(resourceOf(origin))
  const described = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, options),
  )
  const issuer = new URL(described.authorization_servers?.[0] ?? origin)
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
  return oauth.processDiscoveryResponse(issuer, answer)
}

const resourceOf = (origin: string): string => origin + resourcePathOf(CATALOG_NAME)

function tokensOf(clientId: string, granted: oauth.TokenEndpointResponse): KeptTokens {
  const { access_token: accessToken, expires_in: seconds = 300, refresh_token } = granted
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + seconds
  return {
    clientId,
    accessToken,
    expiresAtSeconds,
    ...(refresh_token === undefined ? {} : { refreshToken: refresh_token }),
  }
}

async function listen(): Promise<{ server: Server; redirectUri: string; answer: Promise<URL> }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const redirectUri = `http://127.0.0.1:${port}/callback`
  const answer = new Promise<URL>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Stop('Sign-in', 'Nobody signed in within five minutes.', 'Run it again.'))
    }, SIGN_IN_TIMEOUT_MS)
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri)
      if (url.pathname !== '/callback') return response.writeHead(404).end()
      clearTimeout(timer)
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' })
      response.end('Signed in. You can close this window.\n')
      return resolve(url)
    })
  })
  return { server, redirectUri, answer }
}
