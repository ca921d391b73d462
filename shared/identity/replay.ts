/**
 * One proof counts once (RFC 9449 §11.1). Two guards: the Replay object of its
 * key, which is strict and costs a round trip, and a memory of this isolate, which
 * costs nothing and knows nothing of other isolates.
 */
import { toBase64Url } from '../lib/base64url.ts'
import { JTI_KEPT_SECONDS } from './dpop-limits.ts'
import type { VerifiedProof } from './dpop-proof.ts'

/** Proofs an isolate remembers per generation, about 150 bytes each: 30 a second for ten minutes. */
const GUARD_GENERATION_MAX = 20_000

/** What names a proof within its key: 43 characters, however long target and `jti` are. */
export async function replayKeyOf({ jti, target }: VerifiedProof): Promise<string> {
  const text = new TextEncoder().encode(`${target} ${jti}`)
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', text)))
}

export interface ReplayGuard {
  /** `false`: this isolate has seen it. */
  claim(proof: VerifiedProof, nowSeconds: number): boolean
}

/** Two generations, so that forgetting costs nothing; bounded, so that it is best effort. */
export function createReplayGuard(): ReplayGuard {
  let current = new Set<string>()
  let previous = new Set<string>()
  let sinceSeconds = 0

  return {
    claim({ jkt, jti, target }, nowSeconds) {
      const isOld = nowSeconds - sinceSeconds >= JTI_KEPT_SECONDS
      if (isOld || current.size >= GUARD_GENERATION_MAX) {
        previous = current
        current = new Set()
        sinceSeconds = nowSeconds
      }
      const name = `${jkt} ${target} ${jti}`
      if (current.has(name) || previous.has(name)) return false
      current.add(name)
      return true
    },
  }
}
