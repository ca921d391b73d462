/**
 * Which key a grant is bound to (RFC 9449 §5, §10): decided in the library's
 * callback, when client, code, PKCE and refresh token have been found good, and
 * before anything is written.
 *
 * An `invalid_grant` thrown here makes the library revoke the grant. That is meant
 * for a proof by the wrong key, which only a thief brings; a missing or used proof
 * leaves the grant as it was.
 */
import { OAuthError } from '@cloudflare/workers-oauth-provider'
import { dpopErrorOf, type DpopFailure } from '#shared/identity/dpop-failure.ts'
import type { VerifiedProof } from '#shared/identity/dpop-proof.ts'
import { logEvent } from '#shared/lib/log.ts'
import type { RegisteredClient } from '../authorize/client-id.ts'
import { personOf } from '../authorize/servers.ts'
import type { Person } from '../authorize/known-server.ts'

/** What is sealed into a grant about its person and its key. */
export interface GrantProps extends Person {
  /** Key of the authorization code (`dpop_jkt`, RFC 9449 §10); gone once it is redeemed. */
  readonly codeJkt?: string
  /** Key of the refresh token: of public clients only, others authenticate (RFC 9449 §5). */
  readonly refreshJkt?: string
}

/** What a token request brought, as far as binding needs it. */
export interface Presented {
  readonly proof: VerifiedProof | undefined
  /** Uses the proof up; `false` when it was used before. The same answer however often it is asked. */
  claimProof(): Promise<boolean>
  readonly requiresProof: boolean
  /** The stored registration; absent for a client that is known by a document of its own. */
  readonly client: RegisteredClient | undefined
  readonly hasAssertion: boolean
}

/** @throws OAuthError `invalid_dpop_proof`, or `invalid_grant`, which revokes */
export async function checkBinding(
  { codeJkt, refreshJkt }: GrantProps,
  { proof, claimProof, requiresProof, client }: Presented,
): Promise<void> {
  const boundTo = codeJkt ?? refreshJkt
  if (!proof) {
    if (boundTo === undefined && !requiresProof && !client?.dpopBound) return
    throw refusal({ reason: 'no_proof' })
  }
  if (boundTo !== undefined && boundTo !== proof.jkt) {
    throw new OAuthError('invalid_grant', { description: 'The grant is bound to another key' })
  }
  if (!(await claimProof())) throw refusal({ reason: 'replayed' })
}

/** What the grant remembers once its code is redeemed. */
export function redeemedProps(
  props: GrantProps,
  { proof, client, hasAssertion }: Presented,
): GrantProps {
  const isPublic = client ? client.tokenEndpointAuthMethod === 'none' : !hasAssertion
  return { ...personOf(props), ...(proof && isPublic ? { refreshJkt: proof.jkt } : {}) }
}

function refusal(failure: DpopFailure): OAuthError {
  logEvent('dpop_refused', { reason: failure.reason })
  const { code, sentence } = dpopErrorOf(failure)
  return new OAuthError(code, { description: sentence })
}
