/**
 * The OAuth 2.1 authorization server: sign-in, consent, tokens. Reached through
 * the router only, which forwards its paths with the URL as the client sent it.
 *
 * CORS: the API answers any origin (it takes no ambient credentials), pages none.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { logUnexpected } from '#shared/log.ts'
import { oauthError } from './answers.ts'
import { credentialKinds, verifyCredential } from './credential.ts'
import { exchangeOf, type Exchange } from './exchange.ts'
import { errorPage } from './pages/layout.tsx'
import { TooManySignIns } from './pending.ts'
import { handlerOf } from './routes.ts'
import { CatalogUnavailable } from './servers.ts'
import { settingsOf } from './settings.ts'

async function answer(request: Request, exchange: Exchange): Promise<Response> {
  try {
    const handler = handlerOf(request)
    if (!handler) return oauthError(404, 'not_found', 'Nothing is served here')
    return await handler(request, exchange)
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): Response {
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
}

export default class OAuthWorker extends WorkerEntrypoint<Cloudflare.Env> {
  override fetch(request: Request): Response | Promise<Response> {
    const { issuer } = settingsOf(this.env)
    const url = new URL(request.url)
    if (url.origin === issuer) return answer(request, exchangeOf(this.env, this.ctx))
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
