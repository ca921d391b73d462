/**
 * DPoP at the token endpoint (RFC 9449 §5): the proof of a token request, before
 * anything else is looked at. What it is then bound to: binding.ts.
 */
import { dpopErrorOf, type DpopFailure } from '#shared/identity/dpop-failure.ts'
import { verifyDpopProof, type VerifiedProof } from '#shared/identity/dpop-proof.ts'
import { logEvent } from '#shared/lib/log.ts'
import { ok, type Result } from '#shared/lib/result.ts'
import { oauthError } from '../answers.ts'
import type { Settings } from '../settings.ts'

export const PROOF_HEADER = 'DPoP'
const NONCE_HEADER = 'DPoP-Nonce'

/** `undefined`: the request carries none, which binding.ts may refuse. */
export async function proofOf(
  request: Request,
  { issuer, dpopNonces }: Settings,
): Promise<Result<VerifiedProof | undefined, DpopFailure>> {
  const proof = request.headers.get(PROOF_HEADER)
  if (proof === null) return ok(undefined)
  const nowSeconds = Math.floor(Date.now() / 1000)
  return verifyDpopProof(proof, {
    method: request.method,
    // The endpoint has aliases; its origin is what is configured, whatever Host says.
    target: issuer + new URL(request.url).pathname,
    nowSeconds,
    isNonce: (nonce) => dpopNonces.accepts(nonce, nowSeconds),
  })
}

export function dpopRefusal(failure: DpopFailure): Response {
  logEvent('dpop_refused', { reason: failure.reason })
  const { code, sentence } = dpopErrorOf(failure)
  return oauthError(400, code, sentence)
}

/** RFC 9449 §8.2: with a nonce on every answer, only a client's very first proof is turned away. */
export async function withNonce(answer: Response, { dpopNonces }: Settings): Promise<Response> {
  const headers = new Headers(answer.headers)
  headers.set(NONCE_HEADER, await dpopNonces.current(Math.floor(Date.now() / 1000)))
  headers.append('Access-Control-Expose-Headers', NONCE_HEADER)
  return new Response(answer.body, { status: answer.status, headers })
}
