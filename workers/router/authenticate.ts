/**
 * Step 2: who calls. Verifies `Authorization: Bearer` in the isolate and keeps
 * the verdict, so that the common call does no cryptography and no I/O.
 *
 * Does NOT check revocation (the feed changes while a verdict is cached: mcp.ts
 * does), policy or scopes.
 */
import { verifyAccessToken, type AccessTokenFailure } from '#shared/auth/access-token.ts'
import { ANONYMOUS, type Principal } from '#shared/auth/principal.ts'
import { createLruCache } from '#shared/lru-cache.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { AUTHORIZATION_HEADER_MAX_CHARS, VERDICT_CACHE_ENTRIES } from './limits.ts'
import { resourceOf } from './match.ts'
import type { TokenKeys } from './token-keys.ts'

export interface Caller {
  /** The one server this verdict is for: a token has one audience. */
  readonly server: string
  readonly principal: Principal
  /** Absent for a stranger. */
  readonly grantId?: string
  readonly expiresAtSeconds: number
  /** The assertion minted for this caller and this server, renewed before it ends (assertions.ts). */
  assertion?: { text: string; renewAtSeconds: number }
}

export type AuthFailure =
  /** Two credentials, or a header that is none (RFC 6750 §3.1 invalid_request). */
  | { reason: 'malformed_header' }
  | { reason: 'unsupported_scheme' }
  | { reason: 'revoked' }
  | AccessTokenFailure

export interface Authenticator {
  authenticate(
    header: string | null,
    server: string,
    nowSeconds: number,
  ): Promise<Result<Caller, AuthFailure>>
}

/** RFC 6750 §2.1: the token's own alphabet. A comma would be a second header folded into one. */
const CREDENTIALS = /^(\S+) +([A-Za-z0-9\-._~+/]+=*)$/

export function createAuthenticator(
  issuer: string,
  publicOrigin: string,
  keys: TokenKeys,
): Authenticator {
  const verdicts = createLruCache<Caller>(VERDICT_CACHE_ENTRIES)
  const strangers = createLruCache<Caller>(VERDICT_CACHE_ENTRIES)

  function stranger(server: string): Caller {
    let caller = strangers.get(server)
    if (!caller) {
      caller = { server, principal: ANONYMOUS, expiresAtSeconds: Infinity }
      strangers.set(server, caller)
    }
    return caller
  }

  async function verify(
    header: string,
    server: string,
    nowSeconds: number,
  ): Promise<Result<Caller, AuthFailure>> {
    const [, scheme, token] = CREDENTIALS.exec(header) ?? []
    if (header.length > AUTHORIZATION_HEADER_MAX_CHARS || !scheme || !token) {
      return fail({ reason: 'malformed_header' })
    }
    if (scheme.toLowerCase() !== 'bearer') return fail({ reason: 'unsupported_scheme' })
    const verified = await verifyAccessToken(token, {
      issuer,
      audience: resourceOf(publicOrigin, server),
      jwks: await keys.for(token),
      nowSeconds,
    })
    if (!verified.ok) return verified
    return ok({ server, ...verified.value })
  }

  return {
    async authenticate(header, server, nowSeconds) {
      if (header === null) return ok(stranger(server))
      const cached = verdicts.get(header)
      if (cached && cached.server === server && cached.expiresAtSeconds > nowSeconds) {
        return ok(cached)
      }
      const verified = await verify(header, server, nowSeconds)
      // Only good verdicts are kept: a flood of bad tokens must not push them out.
      if (verified.ok) verdicts.set(header, verified.value)
      return verified
    },
  }
}

/** The sentence a caller is told. Says what to do, not why a signature failed. */
export function describeAuthFailure({ reason }: AuthFailure): string {
  switch (reason) {
    case 'malformed_header':
      return 'Send exactly one Authorization header of the form: Bearer <access token>'
    case 'unsupported_scheme':
      return 'Use the Bearer scheme with an access token of this server'
    case 'expired':
      return 'The access token has expired; refresh it'
    case 'wrong_audience':
      return 'The access token is for another resource; request one for this server'
    case 'revoked':
      return 'The access was revoked; sign in again'
    case 'bound':
      return 'The access token is bound to a key and does not count as Bearer'
    case 'wrong_issuer':
    case 'bad_signature':
    case 'malformed':
      return 'The access token is not valid; sign in again'
  }
}
