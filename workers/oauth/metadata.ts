/** Authorization server metadata (RFC 8414), also under the aliases that clients try. */
import { PROOF_ALGORITHMS } from '#shared/identity/dpop-proof-header.ts'
import { asForAny } from './authorize/as-for-resource.ts'
import { withJson } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { ASSERTION_ALGORITHMS } from './machines/machine-auth.ts'
import {
  INTROSPECT_PATH,
  JWKS_PATH,
  METADATA_PATH,
  OIDC_METADATA_PATH,
  REVOKE_PATH,
} from './paths.ts'

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
  const described = { ...document, ...forMachines(document, exchange) }
  return withJson(answer, {
    ...described,
    jwks_uri: issuer + JWKS_PATH,
    revocation_endpoint: issuer + REVOKE_PATH,
    // Left out, it would mean Basic alone (RFC 8414 §2): public clients revoke, too.
    revocation_endpoint_auth_methods_supported: described['token_endpoint_auth_methods_supported'],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    // Parsers of the OIDC form insist on these two; ID tokens are not issued.
    ...(isOidc
      ? { subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] }
      : {}),
  })
}

/** Said only where there are machines: what is off is not offered. */
function forMachines(
  document: Record<string, unknown>,
  { settings: { issuer, machines } }: Exchange,
): Record<string, unknown> {
  if (machines.size === 0) return {}
  const listed = (name: string): string[] => (document[name] as string[] | undefined) ?? []
  const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  const introspects = [...machines.values()].some((machine) => machine.introspects)
  return {
    grant_types_supported: [...listed('grant_types_supported'), 'client_credentials'],
    token_endpoint_auth_methods_supported: [
      ...new Set([...listed('token_endpoint_auth_methods_supported'), ...methods]),
    ],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    ...(introspects
      ? {
          introspection_endpoint: issuer + INTROSPECT_PATH,
          introspection_endpoint_auth_methods_supported: methods,
          introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        }
      : {}),
  }
}
