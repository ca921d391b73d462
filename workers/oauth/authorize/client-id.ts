/**
 * Stateless dynamic registration (RFC 7591 A.5.2): the `client_id` *is* the
 * sealed registration. Nothing is stored when a client registers; the grant of
 * the first consent is the first trace of it.
 *
 * Does NOT judge the metadata: the library and redirect-policy.ts do, before sealing.
 */
import type { ClientInfo } from '@cloudflare/workers-oauth-provider'
import { open, seal, type SealKeys } from '#shared/identity/seal.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { CLIENT_ID_MAX_CHARS, REGISTRATION_SECONDS } from '../limits.ts'

const PURPOSE = 'client'
const PREFIX = 'dcr_'

/** Short names: the id travels in every URL and token. */
interface Sealed {
  r: string[]
  n?: string
  u?: string
  g?: string[]
  m: string
  /** SHA-256 of the client secret, as the library compares it. */
  s?: string
  /** `dpop_bound_access_tokens` (RFC 9449 §5.2). */
  d?: 1
  t: number
}

/** What the library knows of a client, and what it does not. */
export interface RegisteredClient extends ClientInfo {
  /** Its access tokens are always bound to a key. */
  readonly dpopBound?: boolean
}

export async function sealClient(
  keys: SealKeys,
  client: RegisteredClient,
  nowSeconds: number,
): Promise<Result<string, { reason: 'too_large' }>> {
  const sealed: Sealed = {
    r: client.redirectUris,
    ...(client.clientName ? { n: client.clientName } : {}),
    ...(client.clientUri ? { u: client.clientUri } : {}),
    ...(client.grantTypes ? { g: client.grantTypes } : {}),
    m: client.tokenEndpointAuthMethod,
    ...(client.clientSecret ? { s: client.clientSecret } : {}),
    ...(client.dpopBound ? { d: 1 } : {}),
    t: nowSeconds,
  }
  const id = PREFIX + (await seal(keys, PURPOSE, sealed))
  return id.length <= CLIENT_ID_MAX_CHARS ? ok(id) : fail({ reason: 'too_large' })
}

/** The registration inside a client id; `undefined` when it is not ours, altered or too old. */
export async function openClient(
  keys: SealKeys,
  clientId: string,
  nowSeconds: number,
): Promise<RegisteredClient | undefined> {
  if (!clientId.startsWith(PREFIX) || clientId.length > CLIENT_ID_MAX_CHARS) return undefined
  const opened = await open<Sealed>(keys, PURPOSE, clientId.slice(PREFIX.length))
  if (!opened.ok || opened.value.t + REGISTRATION_SECONDS <= nowSeconds) return undefined
  const { r, n, u, g, m, s, d, t } = opened.value
  return {
    clientId,
    redirectUris: r,
    ...(n ? { clientName: n } : {}),
    ...(u ? { clientUri: u } : {}),
    ...(g ? { grantTypes: g } : {}),
    responseTypes: ['code'],
    tokenEndpointAuthMethod: m,
    ...(s ? { clientSecret: s } : {}),
    ...(d ? { dpopBound: true } : {}),
    registrationDate: t,
  }
}
