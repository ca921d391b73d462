/**
 * All keys of one installation, however they are kept: development's live in
 * `.gen/`, a deployed platform's in the operator's key file. How they are written
 * into the Workers' secrets is said here once.
 */
import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { certify, type SigningKey } from '#shared/identity/assertion.ts'

/** AES-256, and as much for HMAC-SHA-256. */
const SECRET_BYTES = 32

export interface KeyPair {
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

/** Signs from `nbf`, verifies until `exp`, both in seconds since the epoch. */
export type TokenKey = JWK & { readonly nbf?: number; readonly exp?: number }

/** The router's signing key with the anchor's certificate, and when that ends. */
export interface SigningKeys {
  readonly publicJwk: JWK
  readonly key: SigningKey
  readonly expiresAtSeconds: number
}

export interface PlatformKeys {
  readonly anchor: KeyPair
  /** Servers are learning it; it vouches for nothing yet (rotation.ts). */
  readonly nextAnchor?: KeyPair
  /** Servers still believe what it vouched for. */
  readonly previousAnchor?: { readonly publicJwk: JWK; readonly untilSeconds: number }
  readonly signing: SigningKeys
  readonly sealSecrets: { readonly router: string; readonly oauth: string }
  readonly tokenKeys: readonly TokenKey[]
  readonly dpopSecret: string
  readonly capabilitySecrets: string
}

/** Secrets by Worker, named and written as the Workers read them. */
export interface PlatformSecrets {
  readonly router: {
    readonly SIGNING_KEY: string
    readonly SEAL_SECRETS: string
    readonly DPOP_SECRET: string
    readonly CAPABILITY_SECRETS: string
  }
  /** The router's: it makes the capabilities that the objects Worker opens. */
  readonly objects: { readonly CAPABILITY_SECRETS: string; readonly CONNECTIONS: string }
  readonly oauth: {
    readonly TOKEN_KEYS: string
    readonly SEAL_SECRETS: string
    /** The router's: they issue the same nonces. */
    readonly DPOP_SECRET: string
    readonly OIDC_CLIENT_SECRET: string
  }
}

/** @param oidcClientSecret empty: none, or a public client */
export function secretsOf(keys: PlatformKeys, oidcClientSecret = ''): PlatformSecrets {
  return {
    router: {
      SIGNING_KEY: JSON.stringify(keys.signing.key),
      SEAL_SECRETS: keys.sealSecrets.router,
      DPOP_SECRET: keys.dpopSecret,
      CAPABILITY_SECRETS: keys.capabilitySecrets,
    },
    // An operator's own, not a key of ours: of development it comes by the environment.
    objects: {
      CAPABILITY_SECRETS: keys.capabilitySecrets,
      CONNECTIONS: process.env['CONNECTIONS'] ?? '',
    },
    oauth: {
      TOKEN_KEYS: JSON.stringify(keys.tokenKeys),
      SEAL_SECRETS: keys.sealSecrets.oauth,
      DPOP_SECRET: keys.dpopSecret,
      OIDC_CLIENT_SECRET: oidcClientSecret,
    },
  }
}

/** @param certificateLifetimeSeconds of the signing key */
export async function makePlatformKeys(
  certificateLifetimeSeconds: number,
  nowSeconds: number,
): Promise<PlatformKeys> {
  const anchor = await makeKeyPair('EdDSA')
  const signing = await makeKeyPair('EdDSA')
  return {
    anchor,
    signing: await certified(anchor, signing, certificateLifetimeSeconds, nowSeconds),
    sealSecrets: { router: makeSealSecret(), oauth: makeSealSecret() },
    dpopSecret: makeSecret(),
    capabilitySecrets: makeSealSecret(),
    tokenKeys: [await makeTokenKey()],
  }
}

/** The anchor vouches for a signing key. */
export async function certified(
  anchor: KeyPair,
  { publicJwk, privateJwk }: KeyPair,
  lifetimeSeconds: number,
  nowSeconds: number,
): Promise<SigningKeys> {
  const certificate = await certify(anchor.privateJwk, publicJwk, lifetimeSeconds, nowSeconds)
  return {
    publicJwk,
    key: { privateJwk, certificate },
    expiresAtSeconds: nowSeconds + lifetimeSeconds,
  }
}

export async function makeKeyPair(algorithm: 'EdDSA' | 'ES256'): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}

/** A private key that signs access tokens. */
export async function makeTokenKey(): Promise<TokenKey> {
  const { publicJwk, privateJwk } = await makeKeyPair('ES256')
  const kid = await calculateJwkThumbprint(publicJwk)
  return { ...privateJwk, kid, alg: 'ES256', use: 'sig' }
}

export const makeSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url')
/** The text of a variable of seal secrets with one key. */
export const makeSealSecret = (): string => `k1:${makeSecret()}`
