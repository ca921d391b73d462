/**
 * What makes any OAuth client that takes a `fetch` a DPoP client: proofs for the
 * token endpoint and for requests with a token, nonces kept by origin, one retry.
 */
import { makeProof, type ProofKey } from '../_proofs.ts'

export function createDpopFetch(key: ProofKey): typeof globalThis.fetch {
  const nonces = new Map<string, string>()

  async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input as RequestInfo, init)
    const { origin, pathname } = new URL(request.url)
    const [, accessToken] = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (accessToken !== undefined) request.headers.set('authorization', `DPoP ${accessToken}`)
    if (accessToken !== undefined || pathname === '/oauth/token') {
      const { method, url } = request
      const proof = makeProof(key, { method, url, nonce: nonces.get(origin), accessToken })
      request.headers.set('dpop', proof)
    }
    const response = await fetch(request)
    const nonce = response.headers.get('dpop-nonce')
    if (nonce) nonces.set(origin, nonce)
    return response
  }

  return async (input, init) => {
    const response = await send(input, init)
    if (response.status !== 400 && response.status !== 401) return response
    const asked = await response.clone().text()
    return asked.includes('use_dpop_nonce') ? send(input, init) : response
  }
}
