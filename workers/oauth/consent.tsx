/**
 * The consent page (PROTOCOL §3.2): who asks, where the answer goes, for which
 * server and what for, each scope narrowable. Everything the client says of
 * itself is escaped by JSX.
 */
import {
  AuthorizationError,
  type AuthRequest,
  type ConsentDescription,
} from '@cloudflare/workers-oauth-provider'
import { SCOPES_MAX_CHARS } from '#shared/auth/identity-limits.ts'
import { asFor, asForAny } from './as-for-resource.ts'
import type { GrantProps } from './binding.ts'
import { readSession } from './cookies.ts'
import type { Exchange } from './exchange.ts'
import { authorizationFailure } from './failure.ts'
import { makeRoom } from './grants-of-person.ts'
import { page, redirect } from './pages/layout.tsx'
import { AUTHORIZE_PATH } from './paths.ts'
import { formActionSource } from './redirect-policy.ts'
import { grantedScopes, offerOf, type Offer } from './scopes.ts'
import { serverNameOf } from './resource.ts'
import { mayUse, personOf, type KnownServer, type Person } from './servers.ts'

/** With the key the code is to be bound to (`dpop_jkt`, RFC 9449 §10), which the library drops. */
export type BoundRequest = AuthRequest & { codeJkt?: string }

/** What is sealed into the page's handle beside the request: nobody else may answer it. */
type SealedRequest = BoundRequest & { person?: string }

export async function consentPage(
  authRequest: BoundRequest,
  server: KnownServer,
  person: Person,
  { settings, catalog, ctx, asEnv }: Exchange,
): Promise<Response> {
  const api = asFor(settings, String(authRequest.resource)).getOAuthApi(asEnv())
  const details = await api.describeConsent(authRequest)
  const definitions = await catalog.definitions(server, person, ctx)
  const offer = offerOf(authRequest.scope, definitions)
  const sealed: SealedRequest = { ...authRequest, person: person.subject }
  const { handle, headers } = await api.beginConsent(sealed)
  const { serverInfo } = definitions.entry.definitions
  const body = consentBody(details, serverInfo.title ?? server.name, offer, handle, authRequest)
  return page(`Allow ${details.clientName} to use ${server.name}?`, body, {
    headers,
    formAction: formActionSource(authRequest.redirectUri),
  })
}

function consentBody(
  details: ConsentDescription,
  serverTitle: string,
  offer: Offer,
  handle: string,
  { resource, redirectUri }: AuthRequest,
) {
  return (
    <>
      <dl>
        <dt>App</dt>
        <dd>
          {details.clientName}{' '}
          {details.clientDomain ? (
            <strong>(published by {details.clientDomain})</strong>
          ) : (
            <span class="soft">(registered itself; its name is not verified)</span>
          )}
        </dd>
        <dt>Server</dt>
        <dd>
          {serverTitle}
          <br />
          <code>{resource}</code>
        </dd>
        <dt>Access goes to</dt>
        <dd>{destination(details, redirectUri)}</dd>
      </dl>
      {details.redirectIsLoopback ? (
        <p class="warning">
          This sends access to an app on your own computer. Continue only if you just started
          connecting from it.
        </p>
      ) : null}
      <form method="post" action={AUTHORIZE_PATH}>
        <input type="hidden" name="handle" value={handle} />
        {scopeFields(offer)}
        {limitField(offer)}
        <div class="buttons">
          <button name="decision" value="deny">
            Deny
          </button>
          <button name="decision" value="approve" class="go">
            Allow
          </button>
        </div>
      </form>
    </>
  )
}

function destination({ redirectHost, redirectIsLoopback }: ConsentDescription, uri: string) {
  if (redirectIsLoopback) return <strong>an app on this computer ({redirectHost})</strong>
  const { protocol, hostname } = new URL(uri)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  return isWeb ? (
    <strong>{hostname}</strong>
  ) : (
    <>
      the app that opens <strong>{protocol}</strong> links
    </>
  )
}

function scopeFields({ scopes }: Offer) {
  if (scopes.length === 0) {
    return <p>It can use the server's tools on your behalf. You can end this at any time.</p>
  }
  return (
    <fieldset>
      <legend>It may, on your behalf</legend>
      {scopes.map(({ scope, ticked, words, uses }) => (
        <label>
          <input type="checkbox" name="scope" value={scope} checked={ticked} /> {words}
          <small>
            <code>{scope}</code>
            {uses.length > 0 ? ` for ${uses.join(', ')}` : null}
          </small>
        </label>
      ))}
    </fieldset>
  )
}

/** Reading alone is the person's to choose, unless the app asked for no more. */
function limitField({ limit }: Offer) {
  if (limit === 'none') return null
  if (limit === 'fixed') return <p>It can only use tools that change nothing.</p>
  return (
    <label>
      <input type="checkbox" name="limit" value="read_only" /> Only let it use tools that change
      nothing
    </label>
  )
}

/** `POST /oauth/authorize`: the person's answer. Fields: handle, decision, scope (repeated), limit. */
export async function answerConsent(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  try {
    return await decide(request, form, exchange)
  } catch (error) {
    return authorizationFailure(error)
  }
}

async function decide(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const { settings, asEnv } = exchange
  const person = await readSession(request, settings)
  if (!person) throw refused('You are no longer signed in; start again from your app')
  const handle = form.get('handle') ?? ''
  const api = asForAny(settings).getOAuthApi(asEnv())
  if (form.get('decision') !== 'approve') {
    const denied = await api.denyConsent(request, handle)
    return redirect(denied.redirectTo, denied.headers)
  }
  const approved = await api.approveConsent(request, handle)
  const { person: asked, ...authRequest } = approved.request as SealedRequest
  if (asked !== person.subject) throw refused('Another person is signed in now; start again')
  const redirectTo = await complete(authRequest, form, person, exchange)
  return redirect(redirectTo, approved.headers)
}

async function complete(
  { codeJkt, ...request }: BoundRequest,
  form: URLSearchParams,
  person: Person,
  exchange: Exchange,
): Promise<string> {
  const { settings, catalog, ctx, asEnv } = exchange
  const resource = String(request.resource)
  const name = serverNameOf(settings.publicOrigin, resource)
  const server = name === undefined ? undefined : await catalog.find(name, ctx)
  // Policy may have changed while the page was open.
  if (!server || !mayUse(person, server.policy)) throw refused('This server is not available')
  const offer = offerOf(request.scope, await catalog.definitions(server, person, ctx))
  const limited = form.get('limit') === 'read_only'
  const scope = grantedScopes(offer, request.scope, form.getAll('scope'), limited)
  if (scope.join(' ').length > SCOPES_MAX_CHARS) throw refused('Allow fewer of its permissions')
  const api = asFor(settings, resource).getOAuthApi(asEnv())
  const { clientName } = await api.describeConsent(request)
  const props: GrantProps = { ...personOf(person), ...(codeJkt ? { codeJkt } : {}) }
  await makeRoom(person.subject, exchange)
  const { redirectTo } = await api.completeAuthorization({
    request,
    userId: person.subject,
    metadata: { clientName },
    scope,
    props,
    // Several devices of one client live side by side.
    revokeExistingGrants: false,
  })
  return redirectTo
}

const refused = (description: string): AuthorizationError =>
  new AuthorizationError('invalid_request', { description })
