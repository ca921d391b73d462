/**
 * The OAuth 2.1 authorization server: sign-in, consent, tokens. Reached through
 * the router only, which forwards its paths with the URL as the client sent it.
 *
 * CORS: the API answers any origin (it takes no ambient credentials), pages none.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { API_KEYS_AUDIENCE_PATH } from '#shared/auth/operator.ts'
import { logUnexpected } from '#shared/log.ts'
import { accountPage, endConnections } from './account.tsx'
import { CONNECTIONS_PATH } from '#shared/platform/connection-link.ts'
import { oauthError } from './answers.ts'
import { manageApiKeys } from './api-keys.ts'
import { authorize } from './authorize.ts'
import { boundedText } from './bounded-text.ts'
import {
  changeConnection,
  connectionPage,
  connectionsPage,
  finishConnection,
} from './connections.tsx'
import { answerConsent } from './consent.tsx'
import { credentialKinds, verifyCredential } from './credential.ts'
import { exchangeOf, type Exchange } from './exchange.ts'
import { introspect } from './introspect.ts'
import { FORM_MAX_BYTES } from './limits.ts'
import { metadata } from './metadata.ts'
import { errorPage } from './pages/layout.tsx'
import { STYLE } from './pages/style.ts'
import * as paths from './paths.ts'
import { TooManySignIns } from './pending.ts'
import { register } from './register.ts'
import { revoke } from './revoke.ts'
import { isOwnForm } from './same-origin.ts'
import { CatalogUnavailable } from './servers.ts'
import { settingsOf } from './settings.ts'
import { finishIdpSignIn, startIdpSignIn } from './sign-in-oidc.ts'
import { ownerPage, ownerSignIn } from './sign-in-owner.tsx'
import { signInPage, signOut, signOutPage } from './sign-in.tsx'
import { token } from './token.ts'

type App = { Bindings: Cloudflare.Env }
type Handler = (request: Request, exchange: Exchange) => Response | Promise<Response>
type FormHandler = (
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
) => Response | Promise<Response>

const exchange = (context: Context<App>): Exchange =>
  exchangeOf(context.env, context.executionCtx as ExecutionContext)

const by = (handler: Handler) => (context: Context<App>) =>
  handler(context.req.raw, exchange(context))

/** A form of ours: bounded, urlencoded, posted from our own page. */
const byForm = (handler: FormHandler) => async (context: Context<App>) => {
  const { raw } = context.req
  const work = exchange(context)
  if (!isOwnForm(raw, work.settings.issuer)) {
    return errorPage(403, 'This form came from another site', 'Start again from your app.')
  }
  const text = await boundedText(raw, FORM_MAX_BYTES)
  if (text === undefined) return errorPage(413, 'This form is too large', 'Start again.')
  return handler(raw, new URLSearchParams(text), work)
}

const app = new Hono<App>({ strict: false })

for (const path of [paths.METADATA_PATH, paths.OIDC_METADATA_PATH]) {
  app.all(path, by(metadata)).all(`${path}/*`, by(metadata))
}
for (const path of [paths.AUTHORIZE_PATH, '/authorize']) {
  app.get(path, by(authorize)).post(path, byForm(answerConsent))
}
for (const path of [paths.TOKEN_PATH, '/token']) app.all(path, by(token))
for (const path of [paths.REGISTER_PATH, '/register']) app.all(path, by(register))
app.all(paths.REVOKE_PATH, by(revoke))
app.post(paths.INTROSPECT_PATH, by(introspect))
app.get(paths.JWKS_PATH, by(publicKeys))
app
  .all(`${API_KEYS_AUDIENCE_PATH}/*`, by(manageApiKeys))
  .all(API_KEYS_AUDIENCE_PATH, by(manageApiKeys))
app.get(paths.LOGIN_PATH, by(signInPage))
app.get(paths.OWNER_LOGIN_PATH, by(ownerPage)).post(paths.OWNER_LOGIN_PATH, byForm(ownerSignIn))
app.get(paths.IDP_LOGIN_PATH, by(startIdpSignIn))
app.get(paths.CALLBACK_PATH, by(finishIdpSignIn))
app.get(paths.LOGOUT_PATH, signOutPage).post(paths.LOGOUT_PATH, byForm(signOut))
app.get(paths.ACCOUNT_PATH, by(accountPage)).post(paths.ACCOUNT_PATH, byForm(endConnections))
app.get(CONNECTIONS_PATH, by(connectionsPage))
app.get(`${CONNECTIONS_PATH}/:service`, by(connectionPage))
app.post(`${CONNECTIONS_PATH}/:service`, byForm(changeConnection))
app.get(paths.CONNECTED_PATH, by(finishConnection))
app.get(paths.STYLE_PATH, () => stylesheet())

app.notFound(() => oauthError(404, 'not_found', 'Nothing is served here'))
app.onError((error) => {
  if (error instanceof CatalogUnavailable) {
    const sentence = 'The catalog cannot be read right now; retry in a few seconds'
    return oauthError(503, 'temporarily_unavailable', sentence)
  }
  if (error instanceof TooManySignIns) {
    const sentence = 'Too many people are signing in. Try again in some minutes.'
    return errorPage(503, 'You cannot sign in right now', sentence)
  }
  const ref = logUnexpected('oauth_failed', error)
  return oauthError(500, 'server_error', `Internal error (ref ${ref})`)
})

async function publicKeys(_request: Request, { settings }: Exchange): Promise<Response> {
  const { jwks } = await settings.tokenKeys()
  const headers = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=300' }
  return Response.json(jwks, { headers })
}

function stylesheet(): Response {
  const headers = { 'content-type': 'text/css', 'cache-control': 'public, max-age=3600' }
  return new Response(STYLE, { headers })
}

export default class OAuthWorker extends WorkerEntrypoint<Cloudflare.Env> {
  override fetch(request: Request): Response | Promise<Response> {
    const { issuer } = settingsOf(this.env)
    const url = new URL(request.url)
    if (url.origin === issuer) return app.fetch(request, this.env, this.ctx)
    // Cookies and endpoints belong to the issuer's origin; older clients look on the resource's.
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead) return Response.redirect(issuer + url.pathname + url.search, 302)
    return oauthError(421, 'invalid_request', `The authorization server answers at ${issuer}`)
  }

  /** RPC for the router: see `OAuth` in shared/rpc.ts. */
  credentialKinds(): ReturnType<typeof credentialKinds> {
    return credentialKinds(settingsOf(this.env))
  }

  verifyCredential(credential: string, server: string): ReturnType<typeof verifyCredential> {
    return verifyCredential(credential, server, exchangeOf(this.env, this.ctx))
  }
}
