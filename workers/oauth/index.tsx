/**
 * The OAuth 2.1 authorization server: sign-in, consent, tokens. Reached through
 * the router only, which forwards its paths with the URL as the client sent it.
 *
 * CORS: the API answers any origin (it takes no ambient credentials), pages none.
 */
import { discardRest } from '#shared/protocol/body.ts'
import { WorkerEntrypoint } from 'cloudflare:workers'
import './outbound.ts'
import { answer } from './answer.ts'
import { oauthError } from './answers.ts'
import { credentialKinds, verifyCredential } from './token/credential.ts'
import { exchangeOf } from './exchange.ts'
import { settingsOf } from './settings.ts'

export default class OAuthWorker extends WorkerEntrypoint<Cloudflare.Env> {
  override async fetch(request: Request): Promise<Response> {
    const response = await this.#answer(request)
    await discardRest(request)
    return response
  }

  #answer(request: Request): Response | Promise<Response> {
    const { issuer } = settingsOf(this.env)
    const url = new URL(request.url)
    if (url.origin === issuer) return answer(request, exchangeOf(this.env, this.ctx))
    // Cookies and endpoints belong to the issuer's origin; older clients look on the resource's.
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead) return Response.redirect(issuer + url.pathname + url.search, 302)
    return oauthError(421, 'invalid_request', `The authorization server answers at ${issuer}`)
  }

  /** RPC for the router: see `OAuth` in shared/contracts/entrypoints.ts. */
  credentialKinds(): ReturnType<typeof credentialKinds> {
    return credentialKinds(settingsOf(this.env))
  }

  verifyCredential(credential: string, server: string): ReturnType<typeof verifyCredential> {
    return verifyCredential(credential, server, exchangeOf(this.env, this.ctx))
  }
}
