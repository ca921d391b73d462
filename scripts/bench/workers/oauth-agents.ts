/**
 * Peer of the whole platform: workers-oauth-provider before the Agents SDK's
 * handler in one Worker, tokens in KV. Consent is given at once, unseen.
 */
import { env } from 'cloudflare:workers'
import { OAuthProvider, type OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import agents from './agents.ts'

interface Env {
  /** `http://localhost:<port>`. */
  ORIGIN: string
  OAUTH_PROVIDER: OAuthHelpers
}

const consent = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const oauth = env.OAUTH_PROVIDER
    const asked = await oauth.parseAuthRequest(request)
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked,
      userId: 'user',
      metadata: {},
      scope: asked.scope,
      props: { subject: 'user' },
    })
    return Response.redirect(redirectTo, 302)
  },
}

const { ORIGIN } = env as unknown as Env

export default new OAuthProvider<Env>({
  apiRoute: '/mcp',
  apiHandler: agents,
  defaultHandler: consent,
  authorizeEndpoint: '/authorize',
  tokenEndpoint: '/token',
  clientRegistrationEndpoint: '/register',
  resourceMetadata: { resource: `${ORIGIN}/mcp`, authorization_servers: [ORIGIN] },
})
