/**
 * The strict replay check (RFC 9449 §11.1): a round trip to the object of the key,
 * for calls that change something. Read-only calls have the nonce, two minutes old
 * at most, and this isolate's memory (authenticate.ts).
 */
import type { Gateway, ServerRecord } from '../ports.ts'
import type { VerifiedProof } from '../../identity/dpop-proof.ts'
import { unauthorized } from '../authenticate/auth-failure.ts'
import type { ServerCall, McpRequest } from '../mcp-request.ts'
import { targetOf } from './target.ts'

/** One claim a request, however many calls and attempts it holds. */
export function claimOnce({ claimProof }: Gateway, proof: VerifiedProof): () => Promise<boolean> {
  let claimed: Promise<boolean> | undefined
  return () => (claimed ??= claimProof(proof))
}

export async function refuseReplay(
  { request, gateway, claimProof: claim }: McpRequest,
  server: ServerRecord,
  call: ServerCall,
): Promise<Response | undefined> {
  if (!claim) return undefined
  const isReadOnly = targetOf(server.compiled, call.method, call.name)?.readOnly === true
  if (isReadOnly || (await claim())) return undefined
  return unauthorized(request, gateway, server.name, { reason: 'proof', proof: 'replayed' })
}
