/** The authorization server's public keys, fetched over the binding and kept per isolate. */
import { decodeProtectedHeader, type JWK } from 'jose'
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

  return {
    async for(token) {
      const ageMs = Date.now() - fetchedAtMs
      const stale = ageMs > JWKS_MAX_AGE_MS || (ageMs > JWKS_RETRY_MS && !knows(jwks, token))
      // Not shared between requests: work of a request that dies never settles for the others.
      if (stale) {
        jwks = (await oauthOf(oauth).jwks()) as Jwks
        fetchedAtMs = Date.now()
      }
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
