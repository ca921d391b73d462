/**
 * One grant's family of refresh tokens (OAuth 2.1 §4.3.1), so that no honest client
 * is signed out and a thief is found out:
 *
 *  - the current token rotates; the one before it goes on answering with the very
 *    same successor until that is first used: parallel refreshes and lost answers
 *    leave everybody with a token that works;
 *  - after that it is superseded: for a minute merely refused (a request that was
 *    on its way), later a sign of theft, and the family ends.
 *
 * Pure but for the sealing of the successor. What is stored is decided here; that
 * it is stored by compare-and-set, in store.ts.
 */
import { openFor, sealFor } from './holder-seal.ts'
import type { RefreshToken } from './refresh-token.ts'
import { REUSE_GRACE_SECONDS, ROTATIONS_KEPT, USED_AT_PRECISION_SECONDS } from './limits.ts'

const SUCCESSOR = 'successor'

export interface Family {
  /** Of the current token. */
  readonly generation: number
  /** The current token, readable by whoever holds the one before it. */
  readonly successor?: string
  /** When the newest generations were made, newest last; only what the grace still needs. */
  readonly rotatedAtSeconds: readonly number[]
  /** When a token was last issued, to the hour: what the person is shown. */
  readonly usedAtSeconds: number
}

export type Standing =
  | { readonly kind: 'current' }
  /** Its successor has not been used yet. */
  | { readonly kind: 'previous' }
  /** `isReuse`: too late to be a request that was on its way. */
  | { readonly kind: 'superseded'; readonly isReuse: boolean }
  | { readonly kind: 'unknown' }

/** What the presented token is to the family. */
export function standingOf(
  family: Family | undefined,
  { generation }: RefreshToken,
  nowSeconds: number,
): Standing {
  if (!family || generation > family.generation) return { kind: 'unknown' }
  const behind = family.generation - generation
  if (behind === 0) return { kind: 'current' }
  if (behind === 1) return { kind: 'previous' }
  // The use of its successor made the generation after that.
  const supersededAt = family.rotatedAtSeconds.at(1 - behind)
  const isReuse = supersededAt === undefined || nowSeconds - supersededAt > REUSE_GRACE_SECONDS
  return { kind: 'superseded', isReuse }
}

/** The family that a redeemed code begins. */
export const newFamily = (nowSeconds: number): Family => ({
  generation: 0,
  rotatedAtSeconds: [],
  usedAtSeconds: rounded(nowSeconds),
})

/** The current token was used: `successor` takes its place. */
export async function rotated(
  family: Family,
  used: RefreshToken,
  successor: string,
  nowSeconds: number,
): Promise<Family> {
  const stillNeeded = family.rotatedAtSeconds.filter(
    (seconds) => nowSeconds - seconds <= REUSE_GRACE_SECONDS,
  )
  return {
    generation: family.generation + 1,
    successor: await sealFor(used.text, SUCCESSOR, successor),
    rotatedAtSeconds: [...stillNeeded, nowSeconds].slice(-ROTATIONS_KEPT),
    usedAtSeconds: rounded(nowSeconds),
  }
}

/** The token that the previous one was answered with before. */
export async function successorOf(family: Family, used: RefreshToken): Promise<RefreshToken> {
  const text = await openFor(used.text, SUCCESSOR, String(family.successor))
  return { text, generation: family.generation }
}

/** The same family, if it is time to note that it is in use; else `undefined`. */
export function touched(family: Family, nowSeconds: number): Family | undefined {
  const usedAtSeconds = rounded(nowSeconds)
  return usedAtSeconds > family.usedAtSeconds ? { ...family, usedAtSeconds } : undefined
}

const rounded = (seconds: number): number => seconds - (seconds % USED_AT_PRECISION_SECONDS)
