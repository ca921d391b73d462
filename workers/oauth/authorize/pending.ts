/**
 * A sign-in under way: where to return to, and what the IdP's answer must match.
 * Kept here, bound to the browser by cookies, because the way back may lead
 * through another tab (the owner link) or another site (the IdP). Only the cookie
 * opens it: its row is named by a hash and sealed.
 *
 * Several may be under way in one browser, one a tab: each has a cookie of its own, named by its tag.
 * A cookie without a tag holds the newest, for a link that is opened in a new tab.
 */
import { toBase64Url } from '#shared/lib/base64url.ts'
import { readCookie, setCookie, SIGN_IN_COOKIE } from '../people/cookies.ts'
import { openFor, sealFor } from '../token/holder-seal.ts'
import {
  PENDING_ATTEMPTS,
  PENDING_PER_OBJECT_MAX,
  PENDING_SIGN_IN_SECONDS,
  SIGN_IN_CLAIM_SECONDS,
} from '../limits.ts'
import type { Person } from './known-server.ts'
import type { Shards } from '../store.ts'

export interface PendingSignIn {
  /** Path and query on this origin; see {@link localPath}. */
  returnTo: string
  idp?: { state: string; nonce: string; verifier: string }
}

/** How the way through the IdP ended; `null`: without a person. */
export type SignInOutcome = Person | null

const ID = /^[a-f0-9]{64}$/
const TAG = /^[a-f0-9]{16}$/
const PURPOSE = 'sign-in'
const OUTCOME_PURPOSE = 'sign-in-outcome'
/** In the row, after what is pending: a request is finishing it. No sealed text is this short. */
const CLAIMED = '-'

export interface BegunSignIn {
  /** Names its cookie; goes into URLs and forms of the tab it began in. Opens nothing. */
  readonly tag: string
  /** `Set-Cookie` lines that bind it to this browser. */
  readonly cookies: readonly string[]
}

/** @param pendingOf given the tag, which the IdP's `state` begins with */
export async function beginSignIn(
  shards: Shards,
  pendingOf: (tag: string) => PendingSignIn,
): Promise<BegunSignIn> {
  const options = { expiresAtSeconds: inSeconds(PENDING_SIGN_IN_SECONDS), ifRevision: 0 }
  // Another id is most likely another object.
  for (let attempt = 0; attempt < PENDING_ATTEMPTS; attempt += 1) {
    const id = hex(crypto.getRandomValues(new Uint8Array(32)))
    const tag = id.slice(0, 16)
    const key = await keyOf(id)
    const sealed = await sealFor(id, PURPOSE, JSON.stringify(pendingOf(tag)))
    const put = { ...options, maxRows: PENDING_PER_OBJECT_MAX }
    const stored = await shards.holding(key)?.put(key, sealed, put)
    const names = [SIGN_IN_COOKIE, cookieOf(tag)]
    const cookies = names.map((name) => setCookie(name, id, PENDING_SIGN_IN_SECONDS))
    if (stored) return { tag, cookies }
  }
  throw new TooManySignIns('no room for another pending sign-in')
}

/** One place makes it a 503 (index.tsx). */
export class TooManySignIns extends Error {
  override readonly name = 'TooManySignIns'
}

/** @param tag of the tab that asks; without it the newest of this browser */
export async function readSignIn(
  request: Request,
  shards: Shards,
  tag?: string | null,
): Promise<PendingSignIn | undefined> {
  return (await openSignIn(request, shards, tag))?.pending
}

/**
 * Where the owner goes on to after signing in. The same form, sent again within some seconds, is
 * told the same; then the row is gone.
 */
export async function endSignIn(
  request: Request,
  shards: Shards,
  tag: string | null,
): Promise<PendingSignIn | undefined> {
  const opened = await openSignIn(request, shards, tag)
  if (opened) await opened.write(opened.sealed)
  return opened?.pending
}

export type FinishingSignIn =
  /** This request is the one to finish it. */
  | {
      readonly kind: 'claimed'
      readonly pending: PendingSignIn
      settle(outcome: SignInOutcome): Promise<void>
    }
  /** Another request has claimed it, and is not ready. */
  | { readonly kind: 'under_way' }
  | {
      readonly kind: 'finished'
      readonly pending: PendingSignIn
      readonly outcome: SignInOutcome
    }

/**
 * Of all answers that an IdP sends for one sign-in, one claims it; the others learn how it ended.
 * @param state of the answer; its tag names the cookie, and all of it must be what was asked
 * @returns `undefined`: it began in another browser, or its time is over; nothing was used up
 */
export async function claimSignIn(
  request: Request,
  shards: Shards,
  state: string,
): Promise<FinishingSignIn | undefined> {
  const opened = await openSignIn(request, shards, state.split('.', 1)[0])
  if (opened?.pending.idp?.state !== state) return undefined
  const { id, pending, sealed, rest, write } = opened
  if (rest === CLAIMED) return { kind: 'under_way' }
  if (rest !== undefined) {
    const outcome = JSON.parse(await openFor(id, OUTCOME_PURPOSE, rest)) as SignInOutcome
    return { kind: 'finished', pending, outcome }
  }
  if (!(await write(`${sealed} ${CLAIMED}`, opened.revision))) return { kind: 'under_way' }
  const settle = async (outcome: SignInOutcome): Promise<void> => {
    const told = await sealFor(id, OUTCOME_PURPOSE, JSON.stringify(outcome))
    await write(`${sealed} ${told}`)
  }
  return { kind: 'claimed', pending, settle }
}

async function openSignIn(request: Request, shards: Shards, tag?: string | null) {
  const id = readCookie(request, tag && TAG.test(tag) ? cookieOf(tag) : SIGN_IN_COOKIE)
  if (!id || !ID.test(id)) return undefined
  const key = await keyOf(id)
  const shard = shards.holding(key)
  const stored = await shard?.get(key)
  if (!shard || !stored) return undefined
  const [sealed = '', rest] = stored.value.split(' ')
  const pending = JSON.parse(await openFor(id, PURPOSE, sealed)) as PendingSignIn
  /** The row lives on as long as a repeated request may come. */
  const write = async (value: string, ifRevision?: number): Promise<boolean> =>
    shard.put(key, value, {
      expiresAtSeconds: inSeconds(SIGN_IN_CLAIM_SECONDS),
      ...(ifRevision === undefined ? {} : { ifRevision }),
    })
  return { id, pending, sealed, rest, revision: stored.revision, write }
}

/** A path of this origin, for after the sign-in; anything else becomes the start page. */
export function localPath(text: string | undefined, issuer: string): string {
  const url = text?.startsWith('/') ? URL.parse(text, issuer) : null
  return url?.origin === issuer ? url.pathname + url.search : '/login'
}

const cookieOf = (tag: string): string => `${SIGN_IN_COOKIE}-${tag}`
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

async function keyOf(id: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
  return `signin:${toBase64Url(new Uint8Array(digest))}`
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
