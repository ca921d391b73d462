/**
 * The protected header of a DPoP proof (RFC 9449 §4.2): one type, three algorithm
 * names, one public key that fits. Does NOT verify anything.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import { fromBase64Url } from '../lib/base64url.ts'
import type { ProofFailure } from './dpop-failure.ts'

/**
 * What metadata and challenges announce (RFC 9449 §5.1, §7.1). Libraries call one
 * and the same algorithm `Ed25519` (RFC 9864) or `EdDSA` (RFC 8037).
 */
export const PROOF_ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA'] as const

/** For import and verification alike. */
export type ProofAlgorithm = typeof ES256 | typeof ED25519
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const ED25519 = { name: 'Ed25519' } as const

export interface ProofHeader {
  readonly algorithm: ProofAlgorithm
  readonly jwk: JsonWebKey
  /** What RFC 7638 §3.2 hashes: required members only, sorted, without white space. */
  readonly canonicalJwk: string
}

interface Header {
  readonly typ?: unknown
  readonly alg?: unknown
  readonly jwk?: unknown
}
type Members = Record<string, unknown>

/** Private and symmetric key material (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** 32 bytes, base64url. */
const COORDINATE = /^[\w-]{43}$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function parseProofHeader(text: string): Result<ProofHeader, ProofFailure> {
  const header = parse(text)
  if (!header) return fail({ reason: 'malformed' })
  if (header.typ !== 'dpop+jwt') return fail({ reason: 'wrong_type' })
  // RFC 7515 §4.1.11: no extension is understood here.
  if ('crit' in header) return fail({ reason: 'critical_extension' })
  if (!PROOF_ALGORITHMS.includes(header.alg as (typeof PROOF_ALGORITHMS)[number])) {
    return fail({ reason: 'unsupported_algorithm' })
  }
  if (!isObject(header.jwk)) return fail({ reason: 'unsupported_key' })
  const { jwk } = header
  if (SECRET_MEMBERS.some((member) => member in jwk)) return fail({ reason: 'private_key' })
  const key = header.alg === 'ES256' ? p256(jwk) : ed25519(jwk)
  return key ? ok(key) : fail({ reason: 'unsupported_key' })
}

function p256({ kty, crv, x, y }: Members): ProofHeader | undefined {
  if (kty !== 'EC' || crv !== 'P-256' || !isCoordinate(x) || !isCoordinate(y)) return undefined
  const jwk = { crv: 'P-256', kty: 'EC', x, y }
  return { algorithm: ES256, jwk, canonicalJwk: JSON.stringify(jwk) }
}

function ed25519({ kty, crv, x }: Members): ProofHeader | undefined {
  if (kty !== 'OKP' || crv !== 'Ed25519' || !isCoordinate(x)) return undefined
  const jwk = { crv: 'Ed25519', kty: 'OKP', x }
  return { algorithm: ED25519, jwk, canonicalJwk: JSON.stringify(jwk) }
}

function parse(text: string): Header | undefined {
  try {
    const header: unknown = JSON.parse(decoder.decode(fromBase64Url(text)))
    return isObject(header) ? header : undefined
  } catch {
    return undefined
  }
}

const isCoordinate = (value: unknown): value is string =>
  typeof value === 'string' && COORDINATE.test(value)
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null
