/**
 * A sign-in under way: where to return to, and what the IdP's answer must match.
 * Kept here, bound to the browser by a cookie, because the way back may lead
 * through another tab (the owner link) or another site (the IdP).
 */
import { readCookie, setCookie, SIGN_IN_COOKIE } from './cookies.ts'
import { PENDING_ATTEMPTS, PENDING_PER_OBJECT_MAX, PENDING_SIGN_IN_SECONDS } from './limits.ts'
import type { Shards } from './store.ts'

export interface PendingSignIn {
  /** Path and query on this origin; see {@link localPath}. */
  returnTo: string
  idp?: { state: string; nonce: string; verifier: string }
}

const ID = /^[a-f0-9]{64}$/

/**
 * Stores it and answers the `Set-Cookie` that binds it to this browser.
 * @throws TooManySignIns where strangers have begun more than there is room for
 */
export async function beginSignIn(shards: Shards, pending: PendingSignIn): Promise<string> {
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + PENDING_SIGN_IN_SECONDS
  const options = { expiresAtSeconds, ifRevision: 0, maxRows: PENDING_PER_OBJECT_MAX }
  // Another id is most likely another object.
  for (let attempt = 0; attempt < PENDING_ATTEMPTS; attempt += 1) {
    const id = hex(crypto.getRandomValues(new Uint8Array(32)))
    const key = `signin:${id}`
    const stored = await shards.holding(key)?.put(key, JSON.stringify(pending), options)
    if (stored) return setCookie(SIGN_IN_COOKIE, id, PENDING_SIGN_IN_SECONDS)
  }
  throw new TooManySignIns('no room for another pending sign-in')
}

/** One place makes it a 503 (index.tsx). */
export class TooManySignIns extends Error {
  override readonly name = 'TooManySignIns'
}

export async function readSignIn(
  request: Request,
  shards: Shards,
): Promise<PendingSignIn | undefined> {
  const key = keyOf(request)
  const stored = key && (await shards.holding(key)?.get(key))
  return stored ? (JSON.parse(stored.value) as PendingSignIn) : undefined
}

/** Reads and removes it. Of two requests with one cookie, one gets it. */
export async function takeSignIn(
  request: Request,
  shards: Shards,
): Promise<PendingSignIn | undefined> {
  const pending = await readSignIn(request, shards)
  const key = keyOf(request)
  const taken = pending && key && (await shards.holding(key)?.delete(key))
  return taken ? pending : undefined
}

/** A path of this origin, for after the sign-in; anything else becomes the start page. */
export function localPath(text: string | undefined, issuer: string): string {
  const url = text?.startsWith('/') ? URL.parse(text, issuer) : null
  return url?.origin === issuer ? url.pathname + url.search : '/login'
}

function keyOf(request: Request): string | undefined {
  const id = readCookie(request, SIGN_IN_COOKIE)
  return id && ID.test(id) ? `signin:${id}` : undefined
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
