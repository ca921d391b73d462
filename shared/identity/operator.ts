/**
 * What an operator's commands present to the platform: a short-lived access token
 * for one endpoint, signed by the platform's own key, which the operator's key file
 * holds. So no further secret is needed, and none is kept in a Worker.
 */
import type { JWK } from 'jose'
import { signAccessToken } from './access-token.ts'

/** Longer than any command runs, too short to be worth stealing from a process list. */
const OPERATOR_TOKEN_SECONDS = 300

/** Of API keys, at the authorization server. */
export const API_KEYS_AUDIENCE_PATH = '/oauth/api-keys'
export const API_KEYS_SCOPE = 'api-keys:admin'

/** Of the catalog's numbers, at the authorization server: to read, for `npm run doctor`. */
export const STANDING_AUDIENCE_PATH = '/oauth/catalog-standing'
export const STANDING_SCOPE = 'catalog:standing'

/** Of backup and restore, likewise. */
export const BACKUP_AUDIENCE_PATH = '/oauth/backup'
export const BACKUP_SCOPE = 'backup:admin'

/** @param audience the endpoint it is for, whole URL */
export function signOperatorToken(
  key: JWK & { kid: string },
  { issuer, audience, scope }: { issuer: string; audience: string; scope: string },
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  return signAccessToken(key, {
    iss: issuer,
    sub: 'operator',
    aud: audience,
    client_id: 'operator',
    scope,
    iat: nowSeconds,
    exp: nowSeconds + OPERATOR_TOKEN_SECONDS,
    jti: crypto.randomUUID(),
    gid: crypto.randomUUID(),
    tenant: 'default',
  })
}
