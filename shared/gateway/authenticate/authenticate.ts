/**
 * Step 2: who calls. Verifies `Authorization: Bearer` or `DPoP` in the isolate and
 * keeps the verdict on the token, so that the common call does no I/O, and no
 * cryptography but that of its own proof.
 *
 * Does NOT check revocation (the feed changes while a verdict is cached: see
 * resolve.ts), policy or scopes, nor whether another isolate has seen a proof (replay.ts).
 */
import { type Caller, type AuthFailure, type Authenticator } from './caller.ts'
import { verifyAccessToken } from '../../identity/access-token.ts'
import type { DpopNonces } from '../../identity/dpop-nonce.ts'
import { verifyDpopProof, type VerifiedProof } from '../../identity/dpop-proof.ts'
import { ANONYMOUS } from '../../identity/principal.ts'
import { createReplayGuard } from '../../identity/replay.ts'
import { createLruCache } from '../../lib/lru-cache.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { AUTHORIZATION_HEADER_MAX_CHARS, VERDICT_CACHE_ENTRIES } from '../limits.ts'
import { resourceOf } from '../resource-uri.ts'
import type { TokenKeys } from '../ports.ts'

export interface AuthenticatorOptions {
  readonly issuer: string
  readonly publicOrigin: string
  readonly keys: TokenKeys
  readonly nonces: DpopNonces
  /** What was judged before this is judged anew (FeedState.lostBeforeSeconds). */
  readonly lostBeforeSeconds: () => number
}

/** A verified token, under the scheme it was presented with. */
interface Verdict {
  readonly caller: Caller
  readonly token: string
}

/** RFC 6750 §2.1: the token's own alphabet. A comma would be a second header folded into one. */
const CREDENTIALS = /^(\S+) +([A-Za-z0-9\-._~+/]+=*)$/

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const verdicts = createLruCache<Verdict>(VERDICT_CACHE_ENTRIES)
  const strangers = createLruCache<Caller>(VERDICT_CACHE_ENTRIES)
  const guard = createReplayGuard()

  function stranger(server: string): Caller {
    let caller = strangers.get(server)
    if (!caller) {
      caller = {
        server,
        principal: ANONYMOUS,
        issuedAtSeconds: Infinity,
        expiresAtSeconds: Infinity,
      }
      strangers.set(server, caller)
    }
    return caller
  }

  return {
    async authenticate(request, server, nowSeconds) {
      const header = request.headers.get('Authorization')
      if (header === null) return ok({ caller: stranger(server) })
      const cached = verdicts.get(header)
      const isKnown =
        cached &&
        isCurrent(cached.caller, server, nowSeconds) &&
        cached.caller.issuedAtSeconds >= options.lostBeforeSeconds()
      const known = isKnown ? ok(cached) : undefined
      const verdict = known ?? (await verifyToken(header, server, nowSeconds, options))
      if (!verdict.ok) return verdict
      // Only good verdicts are kept: a flood of bad tokens must not push them out.
      if (!known) verdicts.set(header, verdict.value)
      const { caller } = verdict.value
      if (caller.principal.jkt === undefined) return ok({ caller })
      const proof = await verifyProof(request, verdict.value, nowSeconds, options)
      if (!proof.ok) return proof
      if (!guard.claim(proof.value, nowSeconds)) return fail({ reason: 'proof', proof: 'replayed' })
      return ok({ caller, proof: proof.value })
    },
  }
}

const isCurrent = (caller: Caller, server: string, nowSeconds: number): boolean =>
  caller.server === server && caller.expiresAtSeconds > nowSeconds

async function verifyToken(
  header: string,
  server: string,
  nowSeconds: number,
  { issuer, publicOrigin, keys }: AuthenticatorOptions,
): Promise<Result<Verdict, AuthFailure>> {
  const [, scheme = '', token] = CREDENTIALS.exec(header) ?? []
  if (header.length > AUTHORIZATION_HEADER_MAX_CHARS || !token) {
    return fail({ reason: 'malformed_header' })
  }
  const isDpop = isDpopScheme(scheme)
  if (!isDpop && scheme.toLowerCase() !== 'bearer') return fail({ reason: 'unsupported_scheme' })
  const jwks = await keys.for(token)
  const audience = resourceOf(publicOrigin, server)
  const verified = keys.isForeign(token)
    ? await keys.verifyForeign(token, server)
    : await verifyAccessToken(token, { issuer, audience, jwks, nowSeconds })
  if (!verified.ok) return verified
  const isBound = verified.value.principal.jkt !== undefined
  if (isBound !== isDpop) return fail({ reason: isBound ? 'bound' : 'unbound' })
  // Of a credential that the authorization server judges, the judgement is what is fresh.
  return ok({ caller: { server, issuedAtSeconds: nowSeconds, ...verified.value }, token })
}

/** RFC 9449 §7.1: the proof is for this request and this token, by the token's key. */
async function verifyProof(
  request: Request,
  { caller, token }: Verdict,
  nowSeconds: number,
  { publicOrigin, nonces }: AuthenticatorOptions,
): Promise<Result<VerifiedProof, AuthFailure>> {
  const proof = request.headers.get('DPoP')
  if (proof === null) return fail({ reason: 'proof', proof: 'no_proof' })
  const verified = await verifyDpopProof(proof, {
    method: request.method,
    // A server has three spellings; the origin is what is configured, whatever Host says.
    target: publicOrigin + new URL(request.url).pathname,
    nowSeconds,
    accessToken: token,
    isNonce: (nonce) => nonces.accepts(nonce, nowSeconds),
  })
  if (!verified.ok) return fail({ reason: 'proof', proof: verified.failure.reason })
  if (verified.value.jkt !== caller.principal.jkt) return fail({ reason: 'other_key' })
  return verified
}

/** Of an `Authorization` header: did the client use DPoP? */
export const usesDpop = (request: Request): boolean =>
  isDpopScheme(request.headers.get('Authorization')?.split(' ', 1)[0] ?? '')

const isDpopScheme = (scheme: string): boolean => scheme.toLowerCase() === 'dpop'
