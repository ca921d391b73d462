/**
 * The request capability: what lets one call of one server use PLATFORM, for one
 * principal. The router makes it for what uses PLATFORM; the objects Worker opens
 * it on every use. The two alone hold its keys (CAPABILITY_SECRETS), so a server
 * cannot make one for another server or another caller.
 *
 * Does NOT say what may be stored, nor end with the call it was made for: a server
 * may use it until it expires.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import { open, seal, type SealKeys } from './seal.ts'

/** The longest run (15 min), and five for an isolate to hand the same text to later calls. */
export const CAPABILITY_LIFETIME_SECONDS = 20 * 60
/** Made anew from then on: what is left is never shorter than the longest run. */
export const CAPABILITY_RENEW_SECONDS = 4 * 60

/** For `deriveSealKeys(CAPABILITY_SECRETS, …)`, in both Workers. */
export const CAPABILITY_LABEL = 'capability'
const PURPOSE = 'capability'

/** Who acts, through which server, in which call. */
export interface Capability {
  readonly server: string
  readonly tenant: string
  readonly subject: string
  readonly clientId: string
  readonly method: string
  /** As `Decision.name`. */
  readonly name?: string
  /** Origin of the authorization server, where people link accounts. */
  readonly issuer?: string
}

export type CapabilityFailure = { reason: 'malformed' | 'unknown_key' | 'tampered' | 'expired' }

interface Sealed extends Capability {
  readonly expiresAtSeconds: number
}

/** Costs one AES-GCM operation; cache it per caller and call. */
export const mintCapability = (
  keys: SealKeys,
  { server, tenant, subject, clientId, method, name, issuer }: Capability,
  nowSeconds: number,
): Promise<string> =>
  seal(keys, PURPOSE, {
    server,
    tenant,
    subject,
    clientId,
    method,
    ...(name === undefined ? {} : { name }),
    ...(issuer === undefined ? {} : { issuer }),
    expiresAtSeconds: nowSeconds + CAPABILITY_LIFETIME_SECONDS,
  } satisfies Sealed)

/** @returns what {@link mintCapability} was given, while it counts */
export async function openCapability(
  keys: SealKeys,
  text: string,
  nowSeconds: number,
): Promise<Result<Capability, CapabilityFailure>> {
  const opened = await open<Sealed>(keys, PURPOSE, text)
  if (!opened.ok) return opened
  const { expiresAtSeconds, ...capability } = opened.value
  return expiresAtSeconds > nowSeconds ? ok(capability) : fail({ reason: 'expired' })
}
