/**
 * `WWW-Authenticate` challenges of the resource server (RFC 6750 §3, RFC 9728 §5.1)
 * and the JSON body that goes with them. One place builds them, so that what a
 * stranger learns is the same for every private, unknown or removed server.
 */

export interface Challenge {
  status: 401 | 403
  /** Absent when the request carried no credentials (RFC 6750 §3.1). */
  error?: 'invalid_token' | 'insufficient_scope'
  /** One sentence that says what to do. Printable ASCII without `"` and `\`. */
  description: string
  resourceMetadataUrl: string
  /** Everything the operation needs, in one challenge (MCP authorization: step-up). */
  scopes?: readonly string[]
}

export function challengeResponse(challenge: Challenge): Response {
  return Response.json(
    { error: challenge.error ?? 'unauthorized', error_description: challenge.description },
    {
      status: challenge.status,
      headers: { 'WWW-Authenticate': bearerChallenge(challenge), 'Cache-Control': 'no-store' },
    },
  )
}

function bearerChallenge({ error, description, resourceMetadataUrl, scopes }: Challenge): string {
  const parameters: string[] = []
  if (error) parameters.push(`error="${error}"`, `error_description="${description}"`)
  if (scopes && scopes.length > 0) parameters.push(`scope="${scopes.join(' ')}"`)
  parameters.push(`resource_metadata="${resourceMetadataUrl}"`)
  return `Bearer ${parameters.join(', ')}`
}
