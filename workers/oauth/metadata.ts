/** Authorization server metadata (RFC 8414), also under the aliases that clients try. */
import { PROOF_ALGORITHMS } from '#shared/auth/dpop-proof-header.ts'
import { asForAny } from './as-for-resource.ts'
import { withJson } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { JWKS_PATH, METADATA_PATH, OIDC_METADATA_PATH, REVOKE_PATH } from './paths.ts'

export async function metadata(request: Request, exchange: Exchange): Promise<Response> {
  const { settings, ctx } = exchange
  const { issuer } = settings
  const canonical = new Request(issuer + METADATA_PATH, {
    method: request.method,
    headers: request.headers,
  })
  const answer = await asForAny(settings).fetch(canonical, exchange.asEnv(), ctx)
  if (!answer.ok || answer.body === null || request.method === 'HEAD') return answer
  const document = (await answer.json()) as Record<string, unknown>
  // It would name a resource that is none, and every real one would be a leak.
  delete document['protected_resources']
  const isOidc = new URL(request.url).pathname.startsWith(OIDC_METADATA_PATH)
  return withJson(answer, {
    ...document,
    jwks_uri: issuer + JWKS_PATH,
    revocation_endpoint: issuer + REVOKE_PATH,
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    // Parsers of the OIDC form insist on these two; ID tokens are not issued.
    ...(isOidc
      ? { subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] }
      : {}),
  })
}
