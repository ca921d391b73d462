/**
 * Sign-in through an OpenID provider (OIDC Core, code flow with PKCE, state and
 * nonce), by oauth4webapi. The ID token's signature is checked against the
 * provider's keys although it came over TLS.
 */
import * as oauth from 'oauth4webapi'
import { mapIdentity, missingClaims, type IdentityFailure } from '#shared/identity/identity.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { fetchForeign } from '#shared/lib/foreign-fetch.ts'
import { logEvent, logUnexpected } from '#shared/lib/log.ts'
import { isLoopbackUrl } from '#shared/lib/public-address.ts'
import type { Exchange } from '../exchange.ts'
import {
  IDP_ANSWER_MAX_BYTES,
  IDP_METADATA_MAX_AGE_MS,
  IDP_TIMEOUT_MS,
  SIGN_IN_POLL_MS,
} from '../limits.ts'
import { foreignSentence } from '../pages/foreign.tsx'
import { errorPage, redirect } from '../pages/layout.tsx'
import { CALLBACK_PATH } from '../paths.ts'
import {
  beginSignIn,
  claimSignIn,
  readSignIn,
  type FinishingSignIn,
  type PendingSignIn,
} from '../authorize/pending.ts'
import type { Person } from '../authorize/known-server.ts'
import type { OidcSettings } from '../settings.ts'
import { signedIn, signInRefused, withCookies } from './sign-in.tsx'
import { subjectOf } from '#shared/identity/subject.ts'

type SignInFailure = IdentityFailure | { reason: 'no_id_token' }

const REFUSALS = {
  no_tenant: 'Your account says no tenant that may use this platform. Ask its operator.',
  too_large:
    'Your account has more groups or longer claims than this platform takes. Ask its operator ' +
    'to choose the groups that count (OIDC_GROUPS).',
  no_id_token: 'The identity provider did not say who you are. Ask its operator.',
} as const satisfies Readonly<Record<SignInFailure['reason'], string>>

/** `/login/idp`: off to the provider. */
export async function startIdpSignIn(request: Request, exchange: Exchange): Promise<Response> {
  const { oidc } = exchange.settings
  if (!oidc) return signInRefused(exchange.settings)
  try {
    return await sendToIdp(request, oidc, exchange)
  } catch (error) {
    return unreachable(error)
  }
}

async function sendToIdp(
  request: Request,
  oidc: OidcSettings,
  { settings, shards }: Exchange,
): Promise<Response> {
  const idp = await discover(oidc)
  if (!idp.authorization_endpoint) throw new TypeError('The IdP has no authorization endpoint')
  const begun = await readSignIn(request, shards, new URL(request.url).searchParams.get('begun'))
  const secrets = {
    // The tag in front tells of several sign-ins of one browser which one is answered.
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
  }
  const returnTo = begun?.returnTo ?? '/login'
  const { cookies } = await beginSignIn(shards, (tag) => {
    secrets.state = `${tag}.${secrets.state}`
    return { returnTo, idp: secrets }
  })
  const url = new URL(idp.authorization_endpoint)
  const challenge = await oauth.calculatePKCECodeChallenge(secrets.verifier)
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: oidc.clientId,
    redirect_uri: settings.issuer + CALLBACK_PATH,
    scope: oidc.scope,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })) {
    url.searchParams.set(name, value)
  }
  return redirect(url.href, withCookies(cookies))
}

/**
 * `/oauth/callback`: back from the provider. A second answer to the same sign-in (a double click at
 * the provider, a reload) is told how the first one ended.
 */
export async function finishIdpSignIn(request: Request, exchange: Exchange): Promise<Response> {
  const { oidc, issuer } = exchange.settings
  if (!oidc) return signInRefused(exchange.settings)
  const state = new URL(request.url).searchParams.get('state') ?? ''
  const opened = await opensWithin(IDP_TIMEOUT_MS, () =>
    claimSignIn(request, exchange.shards, state),
  )
  if (opened?.kind === 'finished' && opened.outcome) {
    return signedIn(opened.outcome, opened.pending.returnTo, exchange)
  }
  if (opened?.kind !== 'claimed' || !opened.pending.idp) {
    const sentence =
      'It expired, was finished already, is being finished, or began in another browser. Start again from your app.'
    return errorPage(400, 'This sign-in cannot be finished', sentence)
  }
  const { pending, settle } = opened
  const finished = finish(request, pending, oidc, issuer, exchange)
  const told = finished.then(({ person }) => settle(person))
  // A browser that sends a second answer breaks the first one off: it is finished all the same.
  exchange.ctx.waitUntil(told.catch((error: unknown) => logUnexpected('sign_in_not_told', error)))
  await told
  return (await finished).answer
}

/** Asks again while another request is finishing the sign-in. */
async function opensWithin(
  ms: number,
  open: () => Promise<FinishingSignIn | undefined>,
): Promise<FinishingSignIn | undefined> {
  const untilMs = Date.now() + ms
  for (;;) {
    const opened = await open()
    if (opened?.kind !== 'under_way' || Date.now() >= untilMs) return opened
    await new Promise((resolve) => setTimeout(resolve, SIGN_IN_POLL_MS))
  }
}

/** Never throws: what goes wrong is a page. */
async function finish(
  request: Request,
  pending: PendingSignIn,
  oidc: OidcSettings,
  issuer: string,
  exchange: Exchange,
): Promise<{ answer: Response; person: Person | null }> {
  const idp = pending.idp as NonNullable<PendingSignIn['idp']>
  try {
    const person = await exchangeCode(new URL(request.url), idp, oidc, issuer)
    if (person.ok) {
      const answer = await signedIn(person.value, pending.returnTo, exchange)
      return { answer, person: person.value }
    }
    logEvent('sign_in_refused', { reason: person.failure.reason })
    const answer = errorPage(403, 'You cannot sign in here', REFUSALS[person.failure.reason])
    return { answer, person: null }
  } catch (error) {
    if (!isRefusal(error)) return { answer: unreachable(error), person: null }
    logEvent('idp_refused', { code: error.code, message: error.message })
    const sentence = 'The identity provider did not confirm who you are. Start again from your app.'
    return { answer: errorPage(400, 'The sign-in failed', sentence), person: null }
  }
}

async function exchangeCode(
  callback: URL,
  { state, nonce, verifier }: NonNullable<PendingSignIn['idp']>,
  oidc: OidcSettings,
  issuer: string,
): Promise<Result<Person, SignInFailure>> {
  const idp = await discover(oidc)
  const client: oauth.Client = { client_id: oidc.clientId }
  const parameters = oauth.validateAuthResponse(idp, client, callback, state)
  const answer = await oauth.authorizationCodeGrantRequest(
    idp,
    client,
    authenticationOf(oidc, idp),
    parameters,
    issuer + CALLBACK_PATH,
    verifier,
    requestOptions(oidc),
  )
  const expected = { expectedNonce: nonce, requireIdToken: true }
  const tokens = await oauth.processAuthorizationCodeResponse(idp, client, answer, expected)
  await oauth.validateApplicationLevelSignature(idp, answer, requestOptions(oidc))
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (!claims) return fail({ reason: 'no_id_token' })
  const said = await withUserInfo(idp, client, oidc, claims, tokens.access_token)
  const identity = mapIdentity(oidc.mapping, said)
  if (!identity.ok) return identity
  return ok({ subject: await subjectOf(claims.iss, claims.sub), ...identity.value })
}

/** Many providers say in the ID token only who it is, and the rest at UserInfo (OIDC Core §5.3). */
async function withUserInfo(
  idp: oauth.AuthorizationServer,
  client: oauth.Client,
  oidc: OidcSettings,
  claims: oauth.IDToken,
  accessToken: string,
): Promise<object> {
  if (!idp.userinfo_endpoint || !missingClaims(oidc.mapping, claims)) return claims
  const answer = await oauth.userInfoRequest(idp, client, accessToken, requestOptions(oidc))
  const more = await oauth.processUserInfoResponse(idp, client, claims.sub, answer)
  return { ...more, ...claims }
}

function authenticationOf(
  { clientSecret }: OidcSettings,
  idp: oauth.AuthorizationServer,
): oauth.ClientAuth {
  if (!clientSecret) return oauth.None()
  const methods = idp.token_endpoint_auth_methods_supported
  const usesPost = methods !== undefined && !methods.includes('client_secret_basic')
  return usesPost ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret)
}

let discovered: { issuer: string; atMs: number; idp: oauth.AuthorizationServer } | undefined

async function discover(oidc: OidcSettings): Promise<oauth.AuthorizationServer> {
  const { issuer } = oidc
  const isFresh = discovered && Date.now() - discovered.atMs < IDP_METADATA_MAX_AGE_MS
  if (discovered?.issuer === issuer.href && isFresh) return discovered.idp
  const answer = await oauth.discoveryRequest(issuer, requestOptions(oidc))
  const idp = await oauth.processDiscoveryResponse(issuer, answer)
  discovered = { issuer: issuer.href, atMs: Date.now(), idp }
  return idp
}

/** Cleartext only to a provider on this machine: a development setup. */
function requestOptions({ issuer }: OidcSettings) {
  const local = isLoopbackUrl(issuer.href)
  const rules = { local, maxBytes: IDP_ANSWER_MAX_BYTES, timeoutMs: IDP_TIMEOUT_MS }
  return {
    [oauth.allowInsecureRequests]: local,
    [oauth.customFetch]: (address: string, init: object) =>
      fetchForeign(address, init as RequestInit, rules),
  }
}

/** An outage or a misconfiguration: the operator finds the reason by the reference. */
function unreachable(error: unknown): Response {
  const ref = logUnexpected('idp_unreachable', error)
  const sentence = foreignSentence(
    `The identity provider cannot be reached right now. Try again later (ref ${ref}).`,
  )
  return errorPage(502, 'You cannot sign in right now', sentence)
}

/** The provider said no, or its answer does not fit; outages are other errors. */
function isRefusal(error: unknown): error is Error & { code?: string } {
  return (
    error instanceof oauth.AuthorizationResponseError ||
    error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.WWWAuthenticateChallengeError
  )
}
