/** Peer of the whole platform: OAuthProvider + agents createMcpHandler in one Worker, tokens in KV. */
import { createHash, randomBytes } from 'node:crypto'
import { bundleOwn } from '../bundle.ts'
import { modernCalls } from '../calls.ts'
import type { Exchange } from '../request.ts'
import { COMPATIBILITY_DATE, urlOf, type TargetPlan } from '../target.ts'

const NAME = 'oauth-agents'
/** Never opened: the code is read from the redirect. */
const REDIRECT_URI = 'http://localhost/callback'

export const oauthAgents: TargetPlan = {
  name: NAME,
  rowIds: [NAME],
  async create(site) {
    const port = await site.freePort()
    const compatibilityDate = COMPATIBILITY_DATE
    let exchanges: Promise<Exchange[]> | undefined
    return {
      deployment: {
        services: [
          {
            name: NAME,
            module: await bundleOwn(NAME, site),
            compatibilityDate,
            compatibilityFlags: ['global_fetch_strictly_public'],
            bindings: { OAUTH_KV: { kv: 'kv' }, ORIGIN: { text: `http://localhost:${port}` } },
          },
          { name: 'kv', module: await bundleOwn('kv', site), compatibilityDate },
        ],
        sockets: [{ service: NAME, port }],
      },
      rows: [
        {
          id: NAME,
          title: 'OAuthProvider + agents createMcpHandler, one Worker',
          port,
          exchanges: () => (exchanges ??= signedIn(port)),
        },
      ],
    }
  },
}

async function signedIn(port: number): Promise<Exchange[]> {
  const token = await obtainToken(port)
  return modernCalls(urlOf(port, '/mcp'), { authorization: `Bearer ${token}` })
}

/** Registers a client and goes through the authorization code flow with PKCE. */
async function obtainToken(port: number): Promise<string> {
  const registered = await fetch(urlOf(port, '/register'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'bench',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    }),
  })
  const clientId = await fieldOf(registered, 'client_id')
  const verifier = randomBytes(32).toString('base64url')
  const authorize = urlOf(port, '/authorize')
  authorize.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const redirect = await fetch(authorize, { redirect: 'manual' })
  const code = URL.parse(redirect.headers.get('location') ?? '')?.searchParams.get('code')
  if (!code) throw new Error(`no code: ${redirect.status} ${await redirect.text()}`)
  const tokens = await fetch(urlOf(port, '/token'), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    }),
  })
  return fieldOf(tokens, 'access_token')
}

async function fieldOf(response: Response, field: string): Promise<string> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`)
  return String((JSON.parse(text) as Record<string, unknown>)[field])
}
