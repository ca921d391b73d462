/** Who calls, as the gateway has verified it, and why a credential is refused. */
import type { Principal } from '../../identity/principal.ts'
import type { Result } from '../../lib/result.ts'
import type { CredentialFailure } from '../../contracts/identity.ts'
import type { DpopFailure } from '../../identity/dpop-failure.ts'
import type { VerifiedProof } from '../../identity/dpop-proof.ts'

export interface Caller {
  /** The one server this verdict is for: a token has one audience. */
  readonly server: string
  readonly principal: Principal
  /** Absent for a stranger. */
  readonly grantId?: string
  /** When its grant was last known to stand: the token's `iat`, or when its verdict was asked for. */
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
  /** The assertion minted for this caller and this server, renewed before it ends (assertions.ts). */
  assertion?: { text: string; renewAtSeconds: number }
}

/** Who calls, and the proof of this one request where the token is bound to a key. */
export interface Authenticated {
  readonly caller: Caller
  readonly proof?: VerifiedProof
}

export type AuthFailure =
  | {
      reason:
        /** Two credentials, or a header that is none (RFC 6750 §3.1 invalid_request). */
        | 'malformed_header'
        | 'unsupported_scheme'
        | 'revoked'
        /** A key-bound token as Bearer, with a proof or without (RFC 9449 §7.1). */
        | 'bound'
        /** A Bearer token under the DPoP scheme, or where policy asks for a bound one. */
        | 'unbound'
        /** The proof is by another key than the token's. */
        | 'other_key'
    }
  /** The proof is refused, whatever the token. */
  | { reason: 'proof'; proof: DpopFailure['reason'] }
  | CredentialFailure

export interface Authenticator {
  authenticate(
    request: Request,
    server: string,
    nowSeconds: number,
  ): Promise<Result<Authenticated, AuthFailure>>
}
