/**
 * The strict replay check (RFC 9449 §11.1): a round trip to the object of the key,
 * for calls that change something. Read-only calls have the nonce, two minutes old
 * at most, and this isolate's memory (authenticate.ts).
 */
import type { VerifiedProof } from '../identity/dpop-proof.ts'
import { claimProof } from '../identity/replay.ts'
import { unauthorized } from './auth-failure.ts'
import type { ModernCall } from './call.ts'
import type { ServerRecord } from '../../workers/router/catalog/catalog-view.ts'
import type { Exchange } from './exchange.ts'
import { targetOf } from './target.ts'

/** One claim a request, however many calls and attempts it holds. */
export function claimOnce(
  replay: DurableObjectNamespace,
  proof: VerifiedProof,
): () => Promise<boolean> {
  let claimed: Promise<boolean> | undefined
  return () => (claimed ??= claimProof(replay, proof))
}

export async function refuseReplay(
  { request, platform, claimProof: claim }: Exchange,
  server: ServerRecord,
  call: ModernCall,
): Promise<Response | undefined> {
  if (!claim) return undefined
  const isReadOnly = targetOf(server.compiled, call.method, call.name)?.readOnly === true
  if (isReadOnly || (await claim())) return undefined
  return unauthorized(request, platform, server.name, { reason: 'proof', proof: 'replayed' })
}
