/**
 * The authorization server's public keys, fetched over the binding and kept per
 * isolate. Keys that cannot be renewed go on counting: they overlap the longest
 * token, and an outage of the oauth Worker must not stop calls.
 */
import { decodeProtectedHeader, type JWK } from 'jose'
import { logUnexpected } from '#shared/log.ts'
import { oauthOf } from '#shared/rpc.ts'
import { JWKS_MAX_AGE_MS, JWKS_RETRY_MS } from './limits.ts'

export interface Jwks {
  keys: JWK[]
}

export interface TokenKeys {
  /** Keys that may have signed `token`: an unknown `kid` refetches, at most once per JWKS_RETRY_MS. */
  for(token: string): Promise<Jwks>
}

/** @throws when the keys were never had and the oauth Worker cannot be reached */
export function createTokenKeys(oauth: Fetcher): TokenKeys {
  let jwks: Jwks = { keys: [] }
  let fetchedAtMs = -Infinity
  let triedAtMs = -Infinity

  /** Not shared between requests: work of a request that dies never settles for the others. */
  async function renew(nowMs: number): Promise<void> {
    triedAtMs = nowMs
    try {
      jwks = (await oauthOf(oauth).jwks()) as Jwks
      fetchedAtMs = nowMs
    } catch (error) {
      if (jwks.keys.length === 0) throw error
      logUnexpected('token_keys_not_renewed', error)
    }
  }

  return {
    async for(token) {
      const nowMs = Date.now()
      const isDue = nowMs - fetchedAtMs > JWKS_MAX_AGE_MS || !knows(jwks, token)
      const mayTry = jwks.keys.length === 0 || nowMs - triedAtMs > JWKS_RETRY_MS
      if (isDue && mayTry) await renew(nowMs)
      return jwks
    },
  }
}

function knows({ keys }: Jwks, token: string): boolean {
  try {
    const { kid } = decodeProtectedHeader(token)
    return keys.some((key) => key.kid === kid)
  } catch {
    // Not a JWT at all: no key will ever fit, so nothing is fetched for it.
    return true
  }
}
