/**
 * An upstream service: a certified authorization server (`oidc-provider`) with a
 * refresh token for everybody, and an API that asks it whose each token is.
 */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
// @ts-expect-error the package ships no types
import { Provider } from 'oidc-provider'

export const FORGE_CLIENT = { id: 'platform-at-the-forge', secret: 'a-client-secret-at-the-forge' }

export interface Forge {
  readonly issuer: string
  readonly api: string
  /** What the API was sent, newest last. */
  readonly requests: IncomingHttpHeaders[]
  /** Grants of token requests so far: `authorization_code`, `refresh_token`. */
  readonly grants: string[]
  /** The API takes no token that was issued before now. */
  expireTokens(): void
  /** Every refresh is refused, or nothing answers. */
  trouble: 'none' | 'refuses' | 'down'
  serve(platformOrigin: string): void
  close(): Promise<void>
}

export async function startForge(): Promise<Forge> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const requests: IncomingHttpHeaders[] = []
  const grants: string[] = []
  const seen = new Set<string>()
  const refused = new Set<string>()
  const forge: Forge = {
    issuer,
    api: `${issuer}/api/me`,
    requests,
    grants,
    trouble: 'none',
    expireTokens() {
      for (const token of seen) refused.add(token)
    },
    serve(platformOrigin) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: FORGE_CLIENT.id,
            client_secret: FORGE_CLIENT.secret,
            redirect_uris: [`${platformOrigin}/oauth/connected`],
            grant_types: ['authorization_code', 'refresh_token'],
          },
        ],
        cookies: { keys: ['a-key-of-this-test-run'] },
        features: { revocation: { enabled: true } },
        issueRefreshToken: async () => true,
        rotateRefreshToken: true,
        findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
      })
      provider.on('grant.success', (context: { oidc: { params: { grant_type: string } } }) => {
        grants.push(context.oidc.params.grant_type)
      })
      const answer = provider.callback() as RequestListener
      server.on('request', (request, response) => {
        if (forge.trouble !== 'none' && request.url === '/token') {
          const [status, body] =
            forge.trouble === 'down' ? [503, '{}'] : [400, '{"error":"invalid_grant"}']
          return response.writeHead(status, { 'content-type': 'application/json' }).end(body)
        }
        if (!request.url?.startsWith('/api/')) return answer(request, response)
        requests.push(request.headers)
        const token = (request.headers.authorization ?? '').slice('Bearer '.length)
        seen.add(token)
        if (request.url === '/api/away') {
          return response.writeHead(302, { location: 'http://127.0.0.1:9/stolen' }).end()
        }
        void (async () => {
          const me = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
          const status = refused.has(token) ? 401 : me.status
          response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
          response.end(await me.text())
        })()
      })
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return forge
}
