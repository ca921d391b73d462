/**
 * What counts as a credential: the authorization server's public keys, and which
 * others it judges itself (API keys, tokens of trusted issuers). Asked over the
 * binding and kept per isolate. What cannot be renewed goes on counting: keys
 * overlap the longest token, and an outage of the oauth Worker must not stop calls.
 */
import { API_KEY_PREFIX } from '#shared/identity/api-key.ts'
import { unverifiedHeader, unverifiedPayload } from '#shared/identity/compact-jws.ts'
import type { JWK } from 'jose'
import type { Jwks, TokenKeys } from '#shared/gateway/ports.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import { fail } from '#shared/lib/result.ts'
import { oauthOf, type CredentialKinds } from '#shared/contracts/entrypoints.ts'
import {
  FOREIGN_CREDENTIALS_AT_ONCE,
  JWKS_MAX_AGE_MS,
  JWKS_RETRY_MS,
} from '#shared/gateway/limits.ts'

/** @throws when the keys were never had and the oauth Worker cannot be reached */
export function createTokenKeys(oauth: Fetcher): TokenKeys {
  let kinds: CredentialKinds = { keys: [], trustedIssuers: [], apiKeys: false }
  let fetchedAtMs = -Infinity
  let triedAtMs = -Infinity
  let underway = 0

  /** Not shared between requests: work of a request that dies never settles for the others. */
  async function renew(nowMs: number): Promise<void> {
    triedAtMs = nowMs
    try {
      kinds = await oauthOf(oauth).credentialKinds()
      fetchedAtMs = nowMs
    } catch (error) {
      if (kinds.keys.length === 0) throw error
      logUnexpected('token_keys_not_renewed', error)
    }
  }

  return {
    async for(token) {
      const nowMs = Date.now()
      const isDue = nowMs - fetchedAtMs > JWKS_MAX_AGE_MS || !knows(kinds, token)
      const mayTry = kinds.keys.length === 0 || nowMs - triedAtMs > JWKS_RETRY_MS
      if (isDue && mayTry) await renew(nowMs)
      return kinds as Jwks
    },
    isForeign: (token) => isForeign(kinds, token),
    async verifyForeign(token, server) {
      // Whoever makes up credentials must not keep the authorization server busy for all.
      if (underway >= FOREIGN_CREDENTIALS_AT_ONCE) return fail({ reason: 'unavailable' })
      underway += 1
      try {
        return await oauthOf(oauth).verifyCredential(token, server)
      } catch (error) {
        logUnexpected('credential_not_verified', error)
        return fail({ reason: 'unavailable' })
      } finally {
        underway -= 1
      }
    },
  }
}

function isForeign({ apiKeys, trustedIssuers }: CredentialKinds, token: string): boolean {
  if (token.startsWith(API_KEY_PREFIX)) return apiKeys
  if (trustedIssuers.length === 0) return false
  try {
    return trustedIssuers.includes(String(unverifiedPayload(token)['iss']))
  } catch {
    return false
  }
}

function knows(kinds: CredentialKinds, token: string): boolean {
  try {
    const { kid } = unverifiedHeader(token)
    return kinds.keys.some((key) => (key as JWK).kid === kid) || isForeign(kinds, token)
  } catch {
    // Not a JWT at all: no key will ever fit, so nothing is fetched for it.
    return true
  }
}
