/** Access tokens and principal assertions from the development secrets, as oauth and router make them. */
import type { JWK } from 'jose'
import { signAccessToken } from '#shared/identity/access-token.ts'
import { mintAssertion, type SigningKey } from '#shared/identity/assertion.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { DECISION_HEADER, encodeDecision, PRINCIPAL_HEADER } from '#shared/contracts/inner-wire.ts'
import type { PlatformSecrets } from '../keys/platform-keys.ts'
import type { BuiltServer } from './author-servers.ts'
import { PROOF_JKT } from './proofs.ts'

/** Longer than any run. */
const TOKEN_SECONDS = 6 * 3600

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** `Authorization` for one server of the platform at `origin` (RFC 9068). */
export async function bearer(
  secrets: PlatformSecrets,
  origin: string,
  server: string,
): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await accessToken(secrets, origin, server)}` }
}

/** `Authorization` for the catalog's own API: search needs no scope. */
export async function catalogBearer(
  secrets: PlatformSecrets,
  origin: string,
): Promise<Record<string, string>> {
  const token = await accessToken(secrets, origin, '', { aud: `${origin}/catalog` })
  return { authorization: `Bearer ${token}` }
}

/** A token bound to the key of `makeProofs` (RFC 9449 §6.1). */
export const dpopToken = (
  secrets: PlatformSecrets,
  origin: string,
  server: string,
): Promise<string> => accessToken(secrets, origin, server, { cnf: { jkt: PROOF_JKT } })

async function accessToken(
  { oauth }: PlatformSecrets,
  origin: string,
  server: string,
  more: { aud?: string; cnf?: { jkt: string } } = {},
): Promise<string> {
  const [key] = JSON.parse(oauth.TOKEN_KEYS) as (JWK & { kid: string })[]
  if (!key) throw new Error('TOKEN_KEYS holds no key')
  const issuedAtSeconds = nowSeconds()
  return signAccessToken(key, {
    iss: origin,
    sub: 'bench-user',
    aud: `${origin}/${server}/mcp`,
    client_id: 'bench-client',
    scope: '',
    iat: issuedAtSeconds,
    exp: issuedAtSeconds + TOKEN_SECONDS,
    jti: crypto.randomUUID(),
    gid: 'bench-grant',
    tenant: 'default',
    ...more,
  })
}

/** The two internal headers with which the router calls `echo` of a server. Valid five minutes. */
export async function internalHeaders(
  { router }: PlatformSecrets,
  { name, digest }: BuiltServer,
): Promise<Record<string, string>> {
  const signingKey = JSON.parse(router.SIGNING_KEY) as SigningKey
  const principal = {
    subject: 'bench-user',
    tenant: 'default',
    clientId: 'bench-client',
    scopes: [],
  }
  const seal = await deriveSealKeys(router.SEAL_SECRETS, `server/${name}`)
  return {
    [PRINCIPAL_HEADER]: await mintAssertion(signingKey, name, principal, nowSeconds()),
    [DECISION_HEADER]: encodeDecision({ method: 'tools/call', name: 'echo', digest, seal }),
  }
}
