/** Credentials that no key of ours signed: for the router, which keeps the verdicts. */
import { API_KEY_PREFIX } from '#shared/identity/api-key.ts'
import type { VerifiedToken } from '#shared/identity/access-token.ts'
import type { Result } from '#shared/lib/result.ts'
import type { CredentialFailure, CredentialKinds } from '#shared/contracts/entrypoints.ts'
import { verifyApiKey } from './api-keys.ts'
import type { Exchange } from '../exchange.ts'
import type { Settings } from '../settings.ts'

export async function credentialKinds(settings: Settings): Promise<CredentialKinds> {
  const { jwks } = await settings.tokenKeys()
  return {
    keys: jwks.keys as JsonWebKey[],
    trustedIssuers: settings.trustedIssuers.names,
    apiKeys: settings.takesApiKeys,
  }
}

export function verifyCredential(
  credential: string,
  server: string,
  exchange: Exchange,
): Promise<Result<VerifiedToken, CredentialFailure>> {
  return credential.startsWith(API_KEY_PREFIX)
    ? verifyApiKey(credential, server, exchange)
    : exchange.settings.trustedIssuers.verify(credential, server, exchange.ctx)
}
