/** Access tokens signed with the authorization server's own development key: what it would issue. */
import { randomUUID } from 'node:crypto'
import type { JWK } from 'jose'
import { signAccessToken, type AccessTokenClaims } from '#shared/identity/access-token.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'

const LIFETIME_SECONDS = 3600

/** @param claims those that differ from a good token for `resource` */
export async function mintToken(
  resource: URL,
  claims: Partial<AccessTokenClaims> & { cnf?: object } = {},
  signingKey?: JWK & { kid: string },
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  return signAccessToken(signingKey ?? (await developmentKey()), {
    iss: resource.origin,
    sub: 'alice',
    aud: resource.href,
    client_id: 'test-client',
    scope: '',
    iat: nowSeconds,
    exp: nowSeconds + LIFETIME_SECONDS,
    jti: randomUUID(),
    gid: randomUUID(),
    tenant: 'default',
    ...claims,
  })
}

async function developmentKey(): Promise<JWK & { kid: string }> {
  const { oauth } = await devSecrets()
  const [key] = JSON.parse(oauth.TOKEN_KEYS) as (JWK & { kid: string })[]
  if (!key) throw new Error('TOKEN_KEYS is empty')
  return key
}
