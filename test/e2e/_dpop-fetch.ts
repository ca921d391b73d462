/** What makes any OAuth client that takes a `fetch` a DPoP client: one key, a proof for each request. */
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose'

export async function createDpopFetch(): Promise<typeof fetch> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(publicKey) }
  const nonces = new Map<string, string>()

  async function prove({ method, url }: Request, accessToken?: string): Promise<string> {
    const { origin, pathname } = new URL(url)
    const ath = accessToken && (await sha256(accessToken))
    const claims = { htm: method, htu: origin + pathname, nonce: nonces.get(origin), ath }
    return new SignJWT({ ...claims, jti: crypto.randomUUID() })
      .setProtectedHeader(header)
      .setIssuedAt()
      .sign(privateKey)
  }

  async function send(request: Request): Promise<Response> {
    const [, accessToken] = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    const { origin, pathname } = new URL(request.url)
    if (accessToken !== undefined || pathname === '/oauth/token') {
      request.headers.set('dpop', await prove(request, accessToken))
    }
    if (accessToken !== undefined) request.headers.set('authorization', `DPoP ${accessToken}`)
    const response = await fetch(request)
    const nonce = response.headers.get('dpop-nonce')
    if (nonce) nonces.set(origin, nonce)
    return response
  }

  return async (input, init) => {
    const response = await send(new Request(input as RequestInfo, init))
    if (response.status !== 400 && response.status !== 401) return response
    const isAsked = (await response.clone().text()).includes('use_dpop_nonce')
    return isAsked ? send(new Request(input as RequestInfo, init)) : response
  }
}

async function sha256(text: string): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))),
  )
}
