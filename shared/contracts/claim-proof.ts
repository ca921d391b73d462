/** Using a DPoP proof up, everywhere at once (RFC 9449 §11.1): asked of the Replay object of its key. */
import type { VerifiedProof } from '../identity/dpop-proof.ts'
import { replayKeyOf } from '../identity/replay.ts'
import { replayOf } from './entrypoints.ts'

/** `false`: it was used before, anywhere. */
export async function claimProof(
  replay: DurableObjectNamespace,
  proof: VerifiedProof,
): Promise<boolean> {
  return replayOf(replay, proof.jkt).claim(await replayKeyOf(proof))
}
