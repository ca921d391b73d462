/** Who holds the platform's key file: asked at the endpoints of an operator's commands. */
import { verifyAccessToken } from '#shared/identity/access-token.ts'
import { missingScopes } from '#shared/identity/scopes.ts'
import type { Exchange } from './exchange.ts'

/**
 * Whether the request carries a token for this endpoint alone, signed by one of our keys
 * (shared/identity/operator.ts): its holder holds the platform's key file.
 *
 * @param audiencePath of the endpoint, below the issuer
 */
export async function holdsKeyFile(
  request: Request,
  { settings }: Exchange,
  audiencePath: string,
  scope: string,
): Promise<boolean> {
  const [, token] = /^Bearer ([\w.-]+)$/.exec(request.headers.get('authorization') ?? '') ?? []
  if (!token) return false
  const { jwks } = await settings.tokenKeys()
  const verified = await verifyAccessToken(token, {
    issuer: settings.issuer,
    audience: settings.issuer + audiencePath,
    jwks,
    nowSeconds: Math.floor(Date.now() / 1000),
  })
  return verified.ok && missingScopes([scope], verified.value.principal.scopes).length === 0
}
