/**
 * `GET /oauth/authorize`: the library validates the request, the person signs in,
 * picks a server if the client named none, and sees the consent page.
 *
 * Errors: failure.ts decides between a page and a redirect to the client.
 */
import {
  AuthorizationError,
  type AuthRequest,
  type AuthorizationErrorCode,
} from '@cloudflare/workers-oauth-provider'
import { addressFault } from '#shared/lib/public-address.ts'
import { asForAny, placeholderResource } from './as-for-resource.ts'
import { readSession } from '../people/cookies.ts'
import { consentPage, type BoundRequest } from './consent.tsx'
import type { Exchange } from '../exchange.ts'
import { authorizationFailure } from './failure.ts'
import { AUTHORIZE_URL_MAX_CHARS } from '../limits.ts'
import { errorPage } from '../pages/layout.tsx'
import { AUTHORIZE_PATH } from '../paths.ts'
import { pickerPage } from './picker.tsx'
import { redirectUriFault } from './redirect-policy.ts'
import { resourceOf, serverNameOf } from './resource.ts'
import { mayUse } from './servers.ts'
import type { KnownServer, Person } from './known-server.ts'
import type { Settings } from '../settings.ts'
import { requireSignIn } from '../people/sign-in.tsx'

/** RFC 7636 §4.2, RFC 7638 §3: base64url of a SHA-256. */
const SHA256 = /^[A-Za-z0-9_-]{43}$/

/**
 * The `resource` a request means. `foreign` names no server of ours, and the library says so after
 * its other checks; whether a `named` one exists is said to nobody who has not signed in (DESIGN §4.8).
 */
type Target = { kind: 'named'; name: string } | { kind: 'foreign' } | { kind: 'unnamed' }

export async function authorize(request: Request, exchange: Exchange): Promise<Response> {
  const { settings } = exchange
  const { search, searchParams } = new URL(request.url)
  if (search.length > AUTHORIZE_URL_MAX_CHARS) {
    return errorPage(
      414,
      'This link is too long',
      'The app sent an authorization request that is too long.',
    )
  }
  const person = await readSession(request, settings)
  try {
    const target = targetOf(searchParams, settings)
    const authRequest = await parse(searchParams, target, exchange)
    checkKeys(authRequest, searchParams)
    if (!person) return await requireSignIn(AUTHORIZE_PATH + search, exchange)
    return await answer(authRequest, target, person, searchParams, exchange)
  } catch (error) {
    return authorizationFailure(error, person !== undefined)
  }
}

async function answer(
  authRequest: BoundRequest,
  target: Target,
  person: Person,
  query: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  if (target.kind === 'named') {
    const server = await exchange.catalog.find(target.name, exchange.ctx)
    // Policy hides: what a person may not see answers like what does not exist.
    const isVisible = server && mayUse(person, server.policy)
    if (!isVisible) throw back(authRequest, 'invalid_target', 'There is no such resource')
    return consentFor(authRequest, server, person, exchange)
  }
  const servers = await exchange.catalog.visibleTo(person, exchange.ctx)
  const [only, ...others] = servers
  if (!only) throw back(authRequest, 'access_denied', 'There is no server for you here')
  if (others.length > 0) return pickerPage(servers, query, exchange.settings.publicOrigin)
  return consentFor(authRequest, only, person, exchange)
}

function consentFor(
  authRequest: BoundRequest,
  server: KnownServer,
  person: Person,
  exchange: Exchange,
): Promise<Response> {
  const resource = resourceOf(exchange.settings.publicOrigin, server.name)
  return consentPage({ ...authRequest, resource }, server, person, exchange)
}

function targetOf(query: URLSearchParams, { publicOrigin, defaultResource }: Settings): Target {
  const named = query.getAll('resource').filter(Boolean)
  const resources = named.length > 0 || !defaultResource ? named : [defaultResource]
  if (resources.length === 0) return { kind: 'unnamed' }
  const names = new Set(resources.map((resource) => serverNameOf(publicOrigin, resource)))
  const [name, ...others] = names
  return name === undefined || others.length > 0 ? { kind: 'foreign' } : { kind: 'named', name }
}

/** @throws AuthorizationError, CimdFetchError */
async function parse(
  query: URLSearchParams,
  target: Target,
  { settings, asEnv }: Exchange,
): Promise<BoundRequest> {
  const description = parameterFault(query)
  if (description) throw new AuthorizationError('invalid_request', { description })
  const resource = placeholderResource(settings)
  const url = new URL(settings.issuer + AUTHORIZE_PATH)
  url.search = query.toString()
  const asked = target.kind === 'foreign' ? `${settings.issuer}/unknown` : resource
  url.searchParams.set('resource', asked)
  const api = asForAny(settings).getOAuthApi(asEnv())
  const codeJkt = query.get('dpop_jkt')
  return { ...(await api.parseAuthRequest(new Request(url))), ...(codeJkt ? { codeJkt } : {}) }
}

/** What the library would answer in fewer words, or take. */
function parameterFault(query: URLSearchParams): string | undefined {
  const clientId = query.get('client_id') ?? ''
  const redirectUri = query.get('redirect_uri') ?? ''
  // A client id that is a URL is where the client's metadata document is fetched from.
  const fault = /^https?:/i.test(clientId) ? addressFault(clientId, { strict: true }) : undefined
  if (fault) return `The client id is a URL that cannot be used. ${fault}`
  return redirectUri ? redirectUriFault(redirectUri) : undefined
}

/** @throws AuthorizationError */
function checkKeys(request: AuthRequest, query: URLSearchParams): void {
  // OAuth 2.1 §4.1.1 asks PKCE of every client; the library only of public ones.
  if (!request.codeChallenge || !SHA256.test(request.codeChallenge)) {
    throw back(request, 'invalid_request', 'A code_challenge (S256) is required')
  }
  const jkts = query.getAll('dpop_jkt')
  if (jkts.length > 1 || !jkts.every((jkt) => SHA256.test(jkt))) {
    throw back(request, 'invalid_request', 'dpop_jkt must be one SHA-256 thumbprint of a JWK')
  }
}

/** An error for the client, once its redirect URI is known to be its own. */
const back = (
  { redirectUri, state, issuer }: AuthRequest,
  code: AuthorizationErrorCode,
  description: string,
): AuthorizationError =>
  new AuthorizationError(code, {
    description,
    redirectUri,
    ...(state ? { state } : {}),
    ...(issuer ? { issuer } : {}),
  })
