/** Access tokens of ours (RFC 9068): minted here for people and machines, and read again when they come back. */
import { createLocalJWKSet, jwtVerify } from 'jose'
import {
  ACCESS_TOKEN_ALGORITHM,
  ACCESS_TOKEN_TYPE,
  signAccessToken,
  type AccessTokenClaims,
} from '#shared/identity/access-token.ts'
import { identityOf } from '#shared/identity/principal.ts'
import type { Person } from '../authorize/known-server.ts'
import type { Settings } from '../settings.ts'

export interface TokenRequest {
  readonly person: Person
  readonly clientId: string
  /** The unit of revocation. */
  readonly grantId: string
  readonly resource: string
  /** Space-separated. */
  readonly scope: string
  readonly lifetimeSeconds: number
  /** Of the key it is bound to (RFC 9449 §6.1). */
  readonly jkt: string | undefined
}

export async function mintAccessToken(settings: Settings, asked: TokenRequest): Promise<string> {
  const { signing } = await settings.tokenKeys()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const { person, jkt } = asked
  return signAccessToken(signing, {
    iss: settings.issuer,
    sub: person.subject,
    aud: asked.resource,
    client_id: asked.clientId,
    scope: asked.scope,
    iat: nowSeconds,
    exp: nowSeconds + asked.lifetimeSeconds,
    jti: crypto.randomUUID(),
    gid: asked.grantId,
    tenant: person.tenant,
    ...identityOf(person),
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
  })
}

/** The claims of a token that is ours and has not expired, whatever server it is for; revocation is another question. */
export async function readAccessToken(
  settings: Settings,
  token: string,
): Promise<AccessTokenClaims | undefined> {
  if (token.split('.').length !== 3) return undefined
  try {
    const { jwks } = await settings.tokenKeys()
    const { payload } = await jwtVerify<AccessTokenClaims>(token, createLocalJWKSet(jwks), {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      issuer: settings.issuer,
    })
    return payload
  } catch {
    // Expired, altered or somebody else's.
    return undefined
  }
}
