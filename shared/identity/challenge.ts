/**
 * `WWW-Authenticate` challenges of the resource server (RFC 6750 §3, RFC 9449 §7.1,
 * RFC 9728 §5.1) and the JSON body that goes with them. One place builds them, so
 * that what a stranger learns is the same for every private, unknown or removed server.
 *
 * Both schemes are always offered, Bearer first: SDKs look at the first one only.
 */
import { ANSWER_HEADERS } from '../protocol/answer-headers.ts'
import { PROOF_ALGORITHMS } from './dpop-proof-header.ts'
import type { DpopErrorCode } from './dpop-failure.ts'

export type AuthScheme = 'Bearer' | 'DPoP'

export interface Challenge {
  status: 401 | 403
  /** Absent when the request carried no credentials (RFC 6750 §3.1). */
  error?: 'invalid_token' | 'insufficient_scope' | DpopErrorCode
  /** The scheme the client used: the error stands there and nowhere else. Default: Bearer. */
  scheme?: AuthScheme
  /** One sentence that says what to do. Printable ASCII without `"` and `\`. */
  description: string
  resourceMetadataUrl: string
  /** Everything the operation needs, in one challenge (MCP authorization: step-up). */
  scopes?: readonly string[]
}

const ALGORITHMS = `algs="${PROOF_ALGORITHMS.join(' ')}"`

export function challengeResponse(challenge: Challenge): Response {
  const both = `${challengeOf('Bearer', challenge)}, ${challengeOf('DPoP', challenge)}`
  return Response.json(
    { error: challenge.error ?? 'unauthorized', error_description: challenge.description },
    {
      status: challenge.status,
      headers: { 'WWW-Authenticate': both, ...ANSWER_HEADERS },
    },
  )
}

function challengeOf(
  offered: AuthScheme,
  { scheme = 'Bearer', error, description, resourceMetadataUrl, scopes }: Challenge,
): string {
  const parameters: string[] = []
  if (error && offered === scheme) {
    parameters.push(`error="${error}"`, `error_description="${description}"`)
  }
  if (scopes && scopes.length > 0) parameters.push(`scope="${scopes.join(' ')}"`)
  if (offered === 'DPoP') parameters.push(ALGORITHMS)
  parameters.push(`resource_metadata="${resourceMetadataUrl}"`)
  return `${offered} ${parameters.join(', ')}`
}
