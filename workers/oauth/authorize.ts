/**
 * `GET /oauth/authorize`: the library validates the request, the person signs in,
 * picks a server if the client named none, and sees the consent page.
 *
 * Redirects to a client only what the library found redirectable; all else is a page.
 */
import {
  AuthorizationError,
  authorizationErrorRedirect,
  type AuthRequest,
  type AuthorizationErrorCode,
} from '@cloudflare/workers-oauth-provider'
import { asFor, placeholderResource } from './as-for-resource.ts'
import { readSession } from './cookies.ts'
import { consentPage } from './consent.tsx'
import type { Exchange } from './exchange.ts'
import { authorizationFailure } from './failure.ts'
import { AUTHORIZE_URL_MAX_CHARS } from './limits.ts'
import { errorPage, redirect } from './pages/layout.tsx'
import { AUTHORIZE_PATH } from './paths.ts'
import { pickerPage } from './picker.tsx'
import { isAllowedRedirectUri } from './redirect-policy.ts'
import { mayUse, resourceOf, serverNameOf, type KnownServer, type Person } from './servers.ts'
import { requireSignIn } from './sign-in.tsx'

/** RFC 7636 §4.2: base64url of a SHA-256. */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/

/** The `resource` a request means; `unknown` is answered by the library, after its other checks. */
type Target = { kind: 'server'; server: KnownServer } | { kind: 'unknown' } | { kind: 'unnamed' }

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
  try {
    const target = await targetOf(searchParams, exchange)
    const authRequest = await parse(searchParams, target, exchange)
    const refused = refusal(authRequest)
    if (refused) return refused
    const person = await readSession(request, settings)
    if (!person) return await requireSignIn(AUTHORIZE_PATH + search, exchange)
    return await answer(authRequest, target, person, searchParams, exchange)
  } catch (error) {
    return authorizationFailure(error)
  }
}

async function answer(
  authRequest: AuthRequest,
  target: Target,
  person: Person,
  query: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  if (target.kind === 'server') {
    const isVisible = mayUse(person, target.server.policy)
    // Policy hides: what a person may not see answers like what does not exist.
    if (!isVisible) return back(authRequest, 'invalid_target', 'There is no such resource')
    return consentPage(authRequest, target.server, person, exchange)
  }
  const servers = await exchange.catalog.visibleTo(person, exchange.ctx)
  const [only, ...others] = servers
  if (!only) return back(authRequest, 'access_denied', 'There is no server for you here')
  if (others.length > 0) return pickerPage(servers, query, exchange.settings.publicOrigin)
  const resource = resourceOf(exchange.settings.publicOrigin, only.name)
  return consentPage({ ...authRequest, resource }, only, person, exchange)
}

async function targetOf(query: URLSearchParams, exchange: Exchange): Promise<Target> {
  const { publicOrigin, defaultResource } = exchange.settings
  const named = query.getAll('resource').filter(Boolean)
  const resources = named.length > 0 || !defaultResource ? named : [defaultResource]
  if (resources.length === 0) return { kind: 'unnamed' }
  const names = new Set(resources.map((resource) => serverNameOf(publicOrigin, resource)))
  const [name, ...others] = names
  const server = name && others.length === 0 && (await exchange.catalog.find(name, exchange.ctx))
  return server ? { kind: 'server', server } : { kind: 'unknown' }
}

/** @throws AuthorizationError, CimdFetchError */
async function parse(
  query: URLSearchParams,
  target: Target,
  { settings, asEnv }: Exchange,
): Promise<AuthRequest> {
  const redirectUri = query.get('redirect_uri') ?? ''
  if (redirectUri && !isAllowedRedirectUri(redirectUri)) {
    throw new AuthorizationError('invalid_request', { description: 'Invalid redirect URI' })
  }
  const resource =
    target.kind === 'server'
      ? resourceOf(settings.publicOrigin, target.server.name)
      : placeholderResource(settings)
  const url = new URL(settings.issuer + AUTHORIZE_PATH)
  url.search = query.toString()
  if (target.kind === 'unknown') url.searchParams.set('resource', `${settings.issuer}/unknown`)
  else url.searchParams.set('resource', resource)
  return asFor(settings, resource).getOAuthApi(asEnv()).parseAuthRequest(new Request(url))
}

/** OAuth 2.1 §4.1.1 asks PKCE of every client; the library only of public ones. */
function refusal(request: AuthRequest): Response | undefined {
  if (request.codeChallenge && S256_CHALLENGE.test(request.codeChallenge)) return undefined
  return back(request, 'invalid_request', 'A code_challenge (S256) is required')
}

const back = (request: AuthRequest, code: AuthorizationErrorCode, sentence: string): Response =>
  redirect(authorizationErrorRedirect(request, code, sentence))
