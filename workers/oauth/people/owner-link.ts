/**
 * The owner link: `OWNER_LINK` holds `<sha256 hex of the token>:<expiry, seconds>`,
 * with `:once` appended when it may be used a single time (production).
 */
import { toBase64Url } from '#shared/lib/base64url.ts'
import { REPEATED_FORM_SECONDS } from '../limits.ts'
import type { Shards } from '../store.ts'

export interface OwnerLink {
  readonly hash: string
  readonly expiresAtSeconds: number
  readonly once: boolean
}

const FORM = /^([0-9a-f]{64}):(\d{1,12})(:once)?$/

/** @throws TypeError when the configured text is neither empty nor of that form */
export function parseOwnerLink(text: string): OwnerLink | undefined {
  if (!text) return undefined
  const [, hash, expiry, once] = FORM.exec(text) ?? []
  if (!hash) throw new TypeError('OWNER_LINK must be "<sha256 hex>:<expiresAtSeconds>[:once]"')
  return { hash, expiresAtSeconds: Number(expiry), once: once !== undefined }
}

/**
 * Compares digests in constant time; a used `:once` link is refused by the store's compare-and-set,
 * but for the browser that used it, for some seconds: a double click, an answer that was lost.
 *
 * @param browser a secret of the browser that was shown the form; only its hash is kept
 */
export async function redeemOwnerLink(
  link: OwnerLink,
  token: string,
  browser: string | undefined,
  shards: Shards,
): Promise<boolean> {
  const presented = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)),
  )
  const matches = crypto.subtle.timingSafeEqual(presented, bytesOfHex(link.hash))
  if (!matches || link.expiresAtSeconds <= Date.now() / 1000) return false
  if (!link.once) return true
  const options = { expiresAtSeconds: link.expiresAtSeconds, ifRevision: 0 }
  const [key, shard] = [`owner:${link.hash}`, shards.of('owner')]
  const nowSeconds = Math.floor(Date.now() / 1000)
  const usedBy = browser === undefined ? '' : await hashOf(browser)
  if (await shard.put(key, `${usedBy}:${nowSeconds}`, options)) return true
  const [before = '', atSeconds] = (await shard.get(key))?.value.split(':') ?? []
  return (
    usedBy !== '' && usedBy === before && nowSeconds - Number(atSeconds) <= REPEATED_FORM_SECONDS
  )
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return toBase64Url(new Uint8Array(digest))
}

const bytesOfHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
