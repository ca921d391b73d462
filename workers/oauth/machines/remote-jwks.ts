/**
 * Public keys of other issuers, over the network: small, in time, from nowhere but
 * where the configuration points, and rarely. Kept per isolate; keys that cannot be
 * renewed go on counting for a while, because an issuer's outage is not its revocation.
 */
import type { JWK } from 'jose'
import { withTimeout, type Lifetime } from '#shared/lib/lifetime.ts'
import { fetchForeign } from '#shared/lib/foreign-fetch.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { addressFault, isLoopbackUrl } from '#shared/lib/public-address.ts'
import {
  FOREIGN_JWKS_KEYS_MAX,
  FOREIGN_JWKS_KEPT_MS,
  FOREIGN_JWKS_MAX_AGE_MS,
  FOREIGN_JWKS_MAX_BYTES,
  FOREIGN_JWKS_RETRY_MS,
  FOREIGN_JWKS_TIMEOUT_MS,
} from '../limits.ts'

export interface KeySet {
  keys: JWK[]
}

export interface RemoteKeys {
  /**
   * Keys that may have signed a token of this `kid`: an unknown one asks anew, at
   * most every FOREIGN_JWKS_RETRY_MS, and all who ask at once ask together.
   *
   * @returns `undefined` while there are none
   */
  for(kid: string | undefined, lifetime: Lifetime): Promise<KeySet | undefined>
}

/** @param where the address of the keys; discovered first where only the issuer is known */
export function createRemoteKeys(issuer: string, where: string | undefined): RemoteKeys {
  let kept: KeySet | undefined
  let keptAtMs = -Infinity
  let triedAtMs = -Infinity
  let underway: Promise<void> | undefined

  async function renew(): Promise<void> {
    try {
      const address = where ?? (await discoverKeys(issuer))
      kept = keySetOf(await fetchJson(address, isLoopbackUrl(where ?? issuer)))
      keptAtMs = Date.now()
    } catch (error) {
      logUnexpected('foreign_keys_not_renewed', error, { issuer })
    } finally {
      underway = undefined
    }
  }

  return {
    async for(kid, lifetime) {
      const nowMs = Date.now()
      const ageMs = nowMs - keptAtMs
      const isKnown = kept?.keys.some((key) => kid === undefined || key.kid === kid) === true
      const isDue = ageMs > FOREIGN_JWKS_MAX_AGE_MS || !isKnown
      if (isDue && !underway && nowMs - triedAtMs > FOREIGN_JWKS_RETRY_MS) {
        triedAtMs = nowMs
        underway = renew()
        lifetime.waitUntil(underway)
      }
      // Known keys count while newer ones are fetched; work of a dead request may never settle.
      if (underway && (!isKnown || ageMs > FOREIGN_JWKS_KEPT_MS)) {
        await withTimeout(underway, FOREIGN_JWKS_TIMEOUT_MS).catch(() => (underway = undefined))
      }
      return Date.now() - keptAtMs > FOREIGN_JWKS_KEPT_MS ? undefined : kept
    },
  }
}

/** OIDC Discovery §4, RFC 8414 §3: the document must be the issuer's own. */
async function discoverKeys(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await fetchJson(address, isLoopbackUrl(issuer))
  const document = answer as { issuer?: unknown; jwks_uri?: unknown }
  if (document.issuer !== issuer || typeof document.jwks_uri !== 'string') {
    throw new TypeError('The discovery document is not this issuer’s, or names no keys')
  }
  return document.jwks_uri
}

function keySetOf(document: unknown): KeySet {
  const { keys } = (document ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length > FOREIGN_JWKS_KEYS_MAX) {
    throw new TypeError(`Not a key set of at most ${FOREIGN_JWKS_KEYS_MAX} keys`)
  }
  // A shared secret is no public key: whoever reads it could sign (RFC 8725 §3.5).
  const isPublic = (key: unknown): key is JWK =>
    typeof key === 'object' && key !== null && 'kty' in key && key.kty !== 'oct'
  return { keys: keys.filter(isPublic) }
}

/** @param local whether what is configured is on this machine itself: a public issuer leads to no address here */
async function fetchJson(address: string, local: boolean): Promise<unknown> {
  const headers = { accept: 'application/json' }
  const rules = { local, maxBytes: FOREIGN_JWKS_MAX_BYTES, timeoutMs: FOREIGN_JWKS_TIMEOUT_MS }
  const answer = await fetchForeign(address, { headers }, rules)
  if (answer.status !== 200) throw new TypeError(`${address} answered ${answer.status}`)
  return answer.json()
}

/**
 * https to a public name; cleartext and this machine only where the issuer itself is there
 * (development).
 */
export const isFetchable = (text: string, isLocal = isLoopbackUrl(text)): boolean =>
  addressFault(text, { local: isLocal }) === undefined
