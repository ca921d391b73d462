/** The nonce on an answer (RFC 9449 §9), whatever of the router it comes from. */
import type { Gateway } from '../ports.ts'

/** Whoever is about to make a proof, or the next one, learns the nonce for it. */
export async function withDpopNonce(
  request: Request,
  response: Response,
  { dpopNonces }: Gateway,
  nowSeconds: number,
): Promise<Response> {
  if (response.status === 401 || request.headers.has('DPoP')) {
    response.headers.set('DPoP-Nonce', await dpopNonces.current(nowSeconds))
  }
  return response
}
