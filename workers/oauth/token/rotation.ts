/**
 * One grant's family of refresh tokens (OAuth 2.1 §4.3.1), so that no honest client
 * is signed out and a thief is found out:
 *
 *  - the current token rotates; the one before it goes on answering with the very
 *    same successor until that is first used: parallel refreshes and lost answers
 *    leave everybody with a token that works;
 *  - after that it is superseded: for a minute merely refused (a request that was
 *    on its way), later a sign of theft, and the family ends;
 *  - a token newer than all that is stored was handed out after the backup that was
 *    restored. It takes the place of the stored current one, which
 *    the family's root opens: every token carries the root, sealed by us; no row does.
 *
 * Pure but for the sealing of the successor. What is stored is decided here; that
 * it is stored by compare-and-set, in store.ts.
 */
import { toBase64Url } from '#shared/lib/base64url.ts'
import { openFor, sealFor } from './holder-seal.ts'
import type { RefreshToken } from './refresh-token.ts'
import { REUSE_GRACE_SECONDS, ROTATIONS_KEPT, USED_AT_PRECISION_SECONDS } from '../limits.ts'

const SUCCESSOR = 'successor'
const LATEST = 'latest'
/** In place of a token's secret part: the hash of no token. */
const SUPERSEDED = 'superseded'

export interface Family {
  /** Of the current token. */
  readonly generation: number
  /** The current token, readable by whoever holds the one before it. */
  readonly successor?: string
  /** The current token, readable by holders of the family's root. Absent in rows of older releases. */
  readonly latest?: string
  /** The token from which a restored family went on, and the stored one it stood for. */
  readonly resumed?: { readonly generation: number; readonly latest: string }
  /** When the newest generations were made, newest last; only what the grace still needs. */
  readonly rotatedAtSeconds: readonly number[]
  /** When a token was last issued, to the hour: what the person is shown. */
  readonly usedAtSeconds: number
}

export type Standing =
  | { readonly kind: 'current' }
  /** Its successor has not been used yet. */
  | { readonly kind: 'previous' }
  /** Issued after what is stored: the store was restored from a backup. */
  | { readonly kind: 'ahead' }
  /** `isReuse`: too late to be a request that was on its way. */
  | { readonly kind: 'superseded'; readonly isReuse: boolean }
  | { readonly kind: 'unknown' }

/** What the presented token is to the family. */
export function standingOf(
  family: Family | undefined,
  { generation, root }: RefreshToken,
  nowSeconds: number,
): Standing {
  if (!family) return { kind: 'unknown' }
  if (generation > family.generation) {
    return { kind: family.latest !== undefined && root !== undefined ? 'ahead' : 'unknown' }
  }
  const behind = family.generation - generation
  if (behind === 0) return { kind: 'current' }
  if (behind === 1) return { kind: 'previous' }
  // The use of its successor made the generation after that.
  const supersededAt = family.rotatedAtSeconds.at(1 - behind)
  const isReuse = supersededAt === undefined || nowSeconds - supersededAt > REUSE_GRACE_SECONDS
  return { kind: 'superseded', isReuse }
}

/** The family that a redeemed code begins. @param first its first token; absent: the client takes none */
export async function newFamily(
  first: RefreshToken | undefined,
  nowSeconds: number,
): Promise<Family> {
  return {
    generation: 0,
    ...(first ? { latest: await sealFor(await rootOf(first), LATEST, first.text) } : {}),
    rotatedAtSeconds: [],
    usedAtSeconds: rounded(nowSeconds),
  }
}

/** @param text the library's own, of the code's token. @returns the token, with the root of its family */
export async function firstToken(text: string): Promise<RefreshToken> {
  const token: RefreshToken = { text, generation: 0 }
  return { ...token, root: await rootOf(token) }
}

/** The current token was used, or one that is ahead of it: a token with `text` takes its place. */
export async function rotated(
  family: Family,
  used: RefreshToken,
  text: string,
  nowSeconds: number,
): Promise<{ family: Family; token: RefreshToken }> {
  const stillNeeded = family.rotatedAtSeconds.filter(
    (seconds) => nowSeconds - seconds <= REUSE_GRACE_SECONDS,
  )
  const isAhead = used.generation > family.generation
  const generation = Math.max(family.generation, used.generation) + 1
  const root = await rootOf(used)
  const { latest } = family
  const resumption =
    isAhead && latest !== undefined ? { resumed: { generation: used.generation, latest } } : {}
  const next: Family = {
    generation,
    successor: await sealFor(used.text, SUCCESSOR, text),
    latest: await sealFor(root, LATEST, text),
    ...resumption,
    rotatedAtSeconds: [...stillNeeded, nowSeconds].slice(-ROTATIONS_KEPT),
    usedAtSeconds: rounded(nowSeconds),
  }
  return { family: next, token: { text, generation, root } }
}

/** The token that the previous one was answered with before. */
export async function successorOf(family: Family, used: RefreshToken): Promise<RefreshToken> {
  const text = await openFor(used.text, SUCCESSOR, String(family.successor))
  return { text, generation: family.generation, root: await rootOf(used) }
}

/**
 * The presented token as the library knows it: one that is ahead stands for the stored
 * current one, also when its request is repeated. The stored one itself counts no
 * longer then, though the library would still take it.
 *
 * @returns the same token where nothing stands for it
 */
export async function asStored(family: Family, presented: RefreshToken): Promise<RefreshToken> {
  const { generation, root, text } = presented
  const { resumed } = family
  if (resumed !== undefined && generation < resumed.generation) {
    return { ...presented, text: text.replace(/[^:]*$/, SUPERSEDED) }
  }
  const isResumed = resumed !== undefined && generation === resumed.generation
  const sealed = generation > family.generation ? family.latest : isResumed && resumed.latest
  if (!sealed || root === undefined) return presented
  try {
    return { ...presented, text: await openFor(root, LATEST, sealed) }
  } catch {
    // Of another family: the library finds no such token.
    return presented
  }
}

/** Of a token that carries none, derived from it: a repeated request gets the same. */
async function rootOf({ root, text }: RefreshToken): Promise<string> {
  if (root !== undefined) return root
  const bytes = new TextEncoder().encode(`mcp-edge/oauth/root/${text}`)
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** The same family, if it is time to note that it is in use; else `undefined`. */
export function touched(family: Family, nowSeconds: number): Family | undefined {
  const usedAtSeconds = rounded(nowSeconds)
  return usedAtSeconds > family.usedAtSeconds ? { ...family, usedAtSeconds } : undefined
}

const rounded = (seconds: number): number => seconds - (seconds % USED_AT_PRECISION_SECONDS)
