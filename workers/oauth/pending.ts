/**
 * A sign-in under way: where to return to, and what the IdP's answer must match.
 * Kept here, bound to the browser by a cookie, because the way back may lead
 * through another tab (the owner link) or another site (the IdP). Only the cookie
 * opens it: its row is named by a hash and sealed.
 */
import { toBase64Url } from '#shared/auth/base64url.ts'
import { readCookie, setCookie, SIGN_IN_COOKIE } from './cookies.ts'
import { openFor, sealFor } from './holder-seal.ts'
import { PENDING_ATTEMPTS, PENDING_PER_OBJECT_MAX, PENDING_SIGN_IN_SECONDS } from './limits.ts'
import type { Shards } from './store.ts'

export interface PendingSignIn {
  /** Path and query on this origin; see {@link localPath}. */
  returnTo: string
  idp?: { state: string; nonce: string; verifier: string }
}

const ID = /^[a-f0-9]{64}$/
const PURPOSE = 'sign-in'

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
    const key = await keyOf(id)
    const sealed = await sealFor(id, PURPOSE, JSON.stringify(pending))
    const stored = await shards.holding(key)?.put(key, sealed, options)
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
  const id = idIn(request)
  if (id === undefined) return undefined
  const key = await keyOf(id)
  const stored = await shards.holding(key)?.get(key)
  return stored
    ? (JSON.parse(await openFor(id, PURPOSE, stored.value)) as PendingSignIn)
    : undefined
}

/** Reads and removes it. Of two requests with one cookie, one gets it. */
export async function takeSignIn(
  request: Request,
  shards: Shards,
): Promise<PendingSignIn | undefined> {
  const pending = await readSignIn(request, shards)
  const id = idIn(request)
  if (!pending || id === undefined) return undefined
  const key = await keyOf(id)
  return (await shards.holding(key)?.delete(key)) ? pending : undefined
}

/** A path of this origin, for after the sign-in; anything else becomes the start page. */
export function localPath(text: string | undefined, issuer: string): string {
  const url = text?.startsWith('/') ? URL.parse(text, issuer) : null
  return url?.origin === issuer ? url.pathname + url.search : '/login'
}

function idIn(request: Request): string | undefined {
  const id = readCookie(request, SIGN_IN_COOKIE)
  return id && ID.test(id) ? id : undefined
}

async function keyOf(id: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
  return `signin:${toBase64Url(new Uint8Array(digest))}`
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
