/**
 * DPoP proofs (RFC 9449 §4.3): a JWS by the client's own key over one request,
 * checked with the runtime's own crypto, because it is on the way of every call.
 *
 * Does NOT check that the proof is used once (the Replay object and the isolate's
 * guard do), nor that its key is the one a token is bound to (whoever has the
 * token compares `jkt`).
 */
import { createLruCache } from '../lib/lru-cache.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { fromBase64Url, toBase64Url } from '../lib/base64url.ts'
import type { ProofFailure } from './dpop-failure.ts'
import {
  IAT_SKEW_SECONDS,
  JTI_MAX_CHARS,
  JTI_MIN_CHARS,
  PROOF_KEY_CACHE_ENTRIES,
  PROOF_MAX_CHARS,
} from './dpop-limits.ts'
import { parseProofHeader, type ProofAlgorithm } from './dpop-proof-header.ts'

export interface ProofExpectation {
  /** HTTP method of the request, as sent. */
  readonly method: string
  /** Where the request went: origin by configuration, path as asked for; no query. */
  readonly target: string
  readonly nowSeconds: number
  /** At a resource server: the access token beside the proof. */
  readonly accessToken?: string
  /** Says whether a nonce is one of ours and still counts. */
  isNonce(nonce: string): Promise<boolean>
}

export interface VerifiedProof {
  /** RFC 7638 thumbprint of the key that signed. */
  readonly jkt: string
  readonly jti: string
  /** The target it is for: one `jti` counts once per key and target. */
  readonly target: string
}

interface ProofKey {
  readonly key: CryptoKey
  readonly jkt: string
  readonly algorithm: ProofAlgorithm
}

interface Claims {
  readonly jti?: unknown
  readonly htm?: unknown
  readonly htu?: unknown
  readonly iat?: unknown
  readonly ath?: unknown
  readonly nonce?: unknown
}

/** By the text of the protected header, which holds the key: spares parsing, import and thumbprint. */
const keys = createLruCache<ProofKey>(PROOF_KEY_CACHE_ENTRIES)

/** A compact JWS. Two `DPoP` headers arrive joined by a comma, which is in no alphabet here. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Checks everything that one proof says by itself; the nonce last, so that defects are named first. */
export async function verifyDpopProof(
  proof: string,
  expected: ProofExpectation,
): Promise<Result<VerifiedProof, ProofFailure>> {
  if (proof.length > PROOF_MAX_CHARS || !COMPACT_JWS.test(proof)) {
    return fail({ reason: 'malformed' })
  }
  const [header = '', payload = '', signature = ''] = proof.split('.')
  const claims = claimsOf(payload)
  if (!claims) return fail({ reason: 'malformed' })
  const { jti } = claims
  if (!isJti(jti)) return fail({ reason: 'wrong_jti' })
  if (claims.htm !== expected.method) return fail({ reason: 'wrong_method' })
  if (!isTarget(claims.htu, expected.target)) return fail({ reason: 'wrong_target' })
  if (!isRecent(claims.iat, expected.nowSeconds)) return fail({ reason: 'wrong_time' })

  const known = keys.get(header)
  const found = known ? ok(known) : await importKey(header)
  if (!found.ok) return found
  if (!(await isSignedBy(found.value, `${header}.${payload}`, signature))) {
    return fail({ reason: 'bad_signature' })
  }
  // Only keys that signed something are kept: junk must not push them out.
  if (!known) keys.set(header, found.value)

  if (expected.accessToken !== undefined && claims.ath !== (await hashOf(expected.accessToken))) {
    return fail({ reason: 'wrong_token_hash' })
  }
  const isFresh = typeof claims.nonce === 'string' && (await expected.isNonce(claims.nonce))
  if (!isFresh) return fail({ reason: 'wrong_nonce' })
  return ok({ jkt: found.value.jkt, jti, target: expected.target })
}

function claimsOf(payload: string): Claims | undefined {
  try {
    const claims: unknown = JSON.parse(decoder.decode(fromBase64Url(payload)))
    return typeof claims === 'object' && claims !== null ? claims : undefined
  } catch {
    return undefined
  }
}

const isJti = (jti: unknown): jti is string =>
  typeof jti === 'string' && jti.length >= JTI_MIN_CHARS && jti.length <= JTI_MAX_CHARS

/**
 * RFC 3986 §6.2.2 and §6.2.3 by the URL parser: case, default port, dot segments.
 * A query, a fragment or a user in `htu` makes it another URL.
 */
const isTarget = (htu: unknown, target: string): boolean =>
  typeof htu === 'string' &&
  // Nearly all clients write the very text: two parsers less.
  (htu === target || URL.parse(htu)?.href === new URL(target).href)

const isRecent = (iat: unknown, nowSeconds: number): boolean =>
  typeof iat === 'number' && Math.abs(nowSeconds - iat) <= IAT_SKEW_SECONDS

async function importKey(header: string): Promise<Result<ProofKey, ProofFailure>> {
  const parsed = parseProofHeader(header)
  if (!parsed.ok) return parsed
  const { algorithm, jwk, canonicalJwk } = parsed.value
  try {
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
    return ok({ key, jkt: await hashOf(canonicalJwk), algorithm })
  } catch {
    // A point that is not on the curve.
    return fail({ reason: 'unsupported_key' })
  }
}

async function isSignedBy(
  { key, algorithm }: ProofKey,
  signed: string,
  signature: string,
): Promise<boolean> {
  try {
    const bytes = fromBase64Url(signature)
    return await crypto.subtle.verify(algorithm, key, bytes, encoder.encode(signed))
  } catch {
    return false
  }
}

const hashOf = async (text: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
