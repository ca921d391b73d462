/**
 * What can be wrong with a DPoP proof, and the one place where that becomes a wire
 * error. A caller learns the code and a sentence of that code, never which check
 * failed: that is for the log.
 */

/** A check of RFC 9449 §4.3 that one proof fails by itself. */
export type ProofFailure = {
  reason:
    | 'malformed'
    | 'wrong_type'
    | 'unsupported_algorithm'
    | 'unsupported_key'
    | 'private_key'
    | 'critical_extension'
    | 'bad_signature'
    | 'wrong_jti'
    | 'wrong_method'
    | 'wrong_target'
    | 'wrong_time'
    | 'wrong_token_hash'
    | 'wrong_nonce'
}

/** `no_proof`: one is due, and none came. `replayed`: its `jti` was used before. */
export type DpopFailure = ProofFailure | { reason: 'no_proof' | 'replayed' }

/** RFC 9449 §5 and §7.1 (`invalid_dpop_proof`), §8 and §9 (`use_dpop_nonce`). */
export type DpopErrorCode = 'invalid_dpop_proof' | 'use_dpop_nonce'

export function dpopErrorOf({ reason }: DpopFailure): { code: DpopErrorCode; sentence: string } {
  switch (reason) {
    case 'wrong_nonce':
      return {
        code: 'use_dpop_nonce',
        sentence: 'Put the nonce of the DPoP-Nonce header into a new DPoP proof',
      }
    case 'no_proof':
    case 'replayed':
    case 'malformed':
    case 'wrong_type':
    case 'unsupported_algorithm':
    case 'unsupported_key':
    case 'private_key':
    case 'critical_extension':
    case 'bad_signature':
    case 'wrong_jti':
    case 'wrong_method':
    case 'wrong_target':
    case 'wrong_time':
    case 'wrong_token_hash':
      return {
        code: 'invalid_dpop_proof',
        sentence: 'Send exactly one valid DPoP proof, made anew for this request',
      }
  }
}
