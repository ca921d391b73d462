/**
 * Protected resource metadata (RFC 9728). To a stranger every well-formed name
 * answers alike, so a private server's scopes are not listed here: the consent
 * page offers them, and a 403 names what a call needs. `dpop: required` is said of
 * private servers too: a client that cannot know it cannot connect.
 */
import { PROOF_ALGORITHMS } from '#shared/identity/dpop-proof-header.ts'
import type { ServerRecord } from '#shared/gateway/ports.ts'
import { resourceOf } from '#shared/gateway/resource-uri.ts'

export interface ResourceMetadata {
  resource: string
  authorization_servers: string[]
  bearer_methods_supported: ['header']
  scopes_supported?: string[]
  dpop_signing_alg_values_supported: readonly string[]
  dpop_bound_access_tokens_required: boolean
}

/** @param record absent: there is no such server, which is not said */
export function resourceMetadata(
  publicOrigin: string,
  issuer: string,
  server: string,
  record: Pick<ServerRecord, 'policy' | 'compiled'> | undefined,
): ResourceMetadata {
  const scopes = record?.policy.visibility === 'public' ? record.compiled.scopes : []
  return {
    resource: resourceOf(publicOrigin, server),
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    ...(scopes.length > 0 ? { scopes_supported: [...scopes] } : {}),
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    dpop_bound_access_tokens_required: record?.policy.dpop === 'required',
  }
}
