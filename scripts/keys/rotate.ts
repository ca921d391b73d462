/**
 * New keys for old ones, as pure functions. Rings (seal secrets, token keys) keep the
 * last ones, so that what was sealed or signed before still opens; whoever reads a
 * ring takes the first for new work.
 */
import {
  certified,
  makeKeyPair,
  makePlatformKeys,
  makeSecret,
  makeTokenKey,
  type PlatformKeys,
} from './platform-keys.ts'

/** What can be rotated by itself, and what it is for. */
export const ROTATIONS = {
  seal: 'seals sessions, sign-ins, requestState, capabilities; what was sealed before still opens',
  token: 'signs access tokens; tokens signed before still count',
  signing: "the router's word to servers; no server is deployed anew",
  dpop: 'nonces of DPoP clients; they fetch a new one',
  anchor: 'what servers trust; deploys every server',
  everything: 'all of them, nothing kept: everybody signs in again (keys lost or stolen)',
} as const
export type Rotation = keyof typeof ROTATIONS

/** Newest first. A third rotation within the life of a session (30 days) ends sessions of the first. */
const RING_MAX = 3

export interface RotationOptions {
  readonly certificateLifetimeSeconds: number
  readonly nowSeconds: number
}

export async function rotated(
  keys: PlatformKeys,
  rotation: Rotation,
  { certificateLifetimeSeconds, nowSeconds }: RotationOptions,
): Promise<PlatformKeys> {
  switch (rotation) {
    case 'seal':
      return {
        ...keys,
        sealSecrets: {
          router: withNewSealSecret(keys.sealSecrets.router),
          oauth: withNewSealSecret(keys.sealSecrets.oauth),
        },
        capabilitySecrets: withNewSealSecret(keys.capabilitySecrets),
      }
    case 'token':
      return { ...keys, tokenKeys: [await makeTokenKey(), ...keys.tokenKeys].slice(0, RING_MAX) }
    case 'dpop':
      return { ...keys, dpopSecret: makeSecret() }
    case 'signing': {
      const pair = await makeKeyPair('EdDSA')
      const signing = await certified(keys.anchor, pair, certificateLifetimeSeconds, nowSeconds)
      return { ...keys, signing }
    }
    case 'anchor': {
      const [anchor, pair] = [await makeKeyPair('EdDSA'), await makeKeyPair('EdDSA')]
      const signing = await certified(anchor, pair, certificateLifetimeSeconds, nowSeconds)
      return { ...keys, anchor, signing }
    }
    case 'everything':
      return makePlatformKeys(certificateLifetimeSeconds, nowSeconds)
  }
}

/**
 * @param ring `kid:base64url[,kid:base64url]`, current first
 * @returns a new key before those of the ring
 */
export function withNewSealSecret(ring: string): string {
  const old = ring.split(',').filter(Boolean)
  const numbers = old.map((part) => Number(/^k(\d+):/.exec(part)?.[1] ?? 0))
  const kid = `k${Math.max(0, ...numbers) + 1}`
  return [`${kid}:${makeSecret()}`, ...old].slice(0, RING_MAX).join(',')
}
