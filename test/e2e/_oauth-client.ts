/** A client of the authorization server, by oauth4webapi (an independent judge of every answer). */
import * as oauth from 'oauth4webapi'
import { decide, signInAsOwner, type Page, type Person } from './_person.ts'

export const REDIRECT_URI = 'http://127.0.0.1:3000/callback'
export const INSECURE = { [oauth.allowInsecureRequests]: true }

export interface Flow {
  readonly as: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly authentication: oauth.ClientAuth
  readonly verifier: string
  readonly state: string
  readonly authorizeUrl: URL
}

export async function discover(issuer: string): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  const answer = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...INSECURE })
  return oauth.processDiscoveryResponse(url, answer)
}

export async function registerClient(
  as: oauth.AuthorizationServer,
  metadata: Record<string, oauth.JsonValue> = {},
): Promise<oauth.OmitSymbolProperties<oauth.Client>> {
  const asked = {
    client_name: 'Test client',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
    ...metadata,
  }
  const answer = await oauth.dynamicClientRegistrationRequest(as, asked, INSECURE)
  return oauth.processDynamicClientRegistrationResponse(answer)
}

/** Registers unless a client is given, and builds the URL to send the person to. */
export async function begin(
  issuer: string,
  query: Record<string, string> = {},
  known?: oauth.Client,
): Promise<Flow> {
  const as = await discover(issuer)
  const client = known ?? (await registerClient(as))
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const authorizeUrl = new URL(String(as.authorization_endpoint))
  authorizeUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...query,
  }).toString()
  const secret = client['client_secret']
  const authentication = typeof secret === 'string' ? oauth.ClientSecretBasic(secret) : oauth.None()
  return { as, client, authentication, verifier, state, authorizeUrl }
}

/** Opens the authorize URL, signs in when asked, and answers the consent page. */
export async function consentPageOf(person: Person, flow: Flow, ownerToken: string): Promise<Page> {
  const first = await person.open(flow.authorizeUrl)
  const asksWho = new URL(first.url).pathname === '/login/owner'
  return asksWho ? signInAsOwner(person, flow.as.issuer, ownerToken) : first
}

/** The whole way to a redirect that carries a code. */
export async function approve(person: Person, flow: Flow, ownerToken: string): Promise<URL> {
  const consent = await consentPageOf(person, flow, ownerToken)
  const done = await decide(person, consent, 'approve')
  if (!done.leftFor) throw new Error(`No redirect to the client: ${done.status} ${done.html}`)
  return done.leftFor
}

/** A key to prove; without it the requests are plain. */
export interface Proving {
  readonly DPoP?: oauth.DPoPHandle
}

/** As RFC 9449 §8 asks of clients: once more, with the nonce that came with the refusal. */
async function withNonce<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  try {
    return await request()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return request()
  }
}

export function redeem(
  flow: Flow,
  callback: URL,
  proving: Proving = {},
): Promise<oauth.TokenEndpointResponse> {
  return withNonce(() => redeemOnce(flow, callback, proving))
}

async function redeemOnce(
  flow: Flow,
  callback: URL,
  proving: Proving,
): Promise<oauth.TokenEndpointResponse> {
  const parameters = oauth.validateAuthResponse(flow.as, flow.client, callback, flow.state)
  const answer = await oauth.authorizationCodeGrantRequest(
    flow.as,
    flow.client,
    flow.authentication,
    parameters,
    String(flow.authorizeUrl.searchParams.get('redirect_uri')),
    flow.verifier,
    { ...INSECURE, ...proving },
  )
  return oauth.processAuthorizationCodeResponse(flow.as, flow.client, answer)
}

export function refresh(
  { as, client, authentication }: Flow,
  token: string,
  proving: Proving = {},
): Promise<oauth.TokenEndpointResponse> {
  const options = { ...INSECURE, ...proving }
  return withNonce(async () => {
    const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, token, options)
    return oauth.processRefreshTokenResponse(as, client, answer)
  })
}

/** A request to a protected resource, as RFC 6750 or RFC 9449 §7 has it. */
export function requestResource(
  accessToken: string,
  url: URL,
  { headers, body }: { headers: Record<string, string>; body: string },
  proving: Proving = {},
): Promise<Response> {
  const options = { ...INSECURE, ...proving }
  return withNonce(() =>
    oauth.protectedResourceRequest(accessToken, 'POST', url, new Headers(headers), body, options),
  )
}

export async function revokeToken(flow: Flow, token: string): Promise<void> {
  const { as, client, authentication } = flow
  const answer = await oauth.revocationRequest(as, client, authentication, token, INSECURE)
  await oauth.processRevocationResponse(answer)
}
