/**
 * Secrets of development and of the tests, made at the first start and kept in
 * `.gen/dev-secrets.json` (git-ignored, mode 600). The public half of the trust
 * anchor goes to `shared/trust.dev.json`, from where builds embed it.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { certify, type SigningKey } from '#shared/auth/assertion.ts'
import { DEV, trustFile } from './gen/trust.ts'
import { readIfPresent, SECRET_FILE_MODE, writeIfChanged } from './gen/write-if-changed.ts'
import { ROOT } from './root.ts'

const DAY_SECONDS = 86_400
const CERTIFICATE_LIFETIME_SECONDS = 90 * DAY_SECONDS
/** Renewed well before it ends: a dev session may stay open for weeks. */
const CERTIFICATE_RENEWAL_SECONDS = 30 * DAY_SECONDS
/** AES-256, and as much for HMAC-SHA-256. */
const SECRET_BYTES = 32

/** Secrets by Worker, named and written as the Workers read them. */
export interface DevSecrets {
  readonly router: {
    readonly SIGNING_KEY: string
    readonly SEAL_SECRETS: string
    readonly DPOP_SECRET: string
  }
  readonly oauth: {
    readonly TOKEN_KEYS: string
    readonly SEAL_SECRETS: string
    /** The router's: they issue the same nonces. */
    readonly DPOP_SECRET: string
    readonly OIDC_CLIENT_SECRET: string
  }
}

interface Stored {
  anchor: { publicJwk: JWK; privateJwk: JWK }
  signing: { publicJwk: JWK; key: SigningKey; expiresAtSeconds: number }
  sealSecrets: { router: string; oauth: string }
  tokenKeys: JWK[]
  dpopSecret: string
}

/** Reads the secrets, makes them when there are none, renews the certificate when it ends soon. */
export async function devSecrets(
  file = join(ROOT, '.gen', 'dev-secrets.json'),
  trust = trustFile(DEV),
  nowSeconds = Math.floor(Date.now() / 1000),
): Promise<DevSecrets> {
  let stored = read(file) ?? (await create(file, nowSeconds))
  if (stored.signing.expiresAtSeconds - nowSeconds < CERTIFICATE_RENEWAL_SECONDS) {
    const { publicJwk, key } = stored.signing
    stored = {
      ...stored,
      signing: await signed(stored.anchor.privateJwk, publicJwk, key.privateJwk, nowSeconds),
    }
    writeIfChanged(file, text(stored), SECRET_FILE_MODE)
  }
  writeIfChanged(trust, text({ anchors: [stored.anchor.publicJwk] }))
  return {
    router: {
      SIGNING_KEY: JSON.stringify(stored.signing.key),
      SEAL_SECRETS: stored.sealSecrets.router,
      DPOP_SECRET: stored.dpopSecret,
    },
    oauth: {
      TOKEN_KEYS: JSON.stringify(stored.tokenKeys),
      SEAL_SECRETS: stored.sealSecrets.oauth,
      DPOP_SECRET: stored.dpopSecret,
      OIDC_CLIENT_SECRET: '',
    },
  }
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function read(file: string): Stored | undefined {
  const stored = readIfPresent(file)
  if (stored === undefined) return undefined
  const secrets = JSON.parse(stored) as Stored
  // Made before there were DPoP nonces.
  if (!secrets.dpopSecret) {
    secrets.dpopSecret = secret()
    writeIfChanged(file, text(secrets), SECRET_FILE_MODE)
  }
  return secrets
}

/** Two first starts at once must agree on one set: linking fails for the later one. */
async function create(file: string, nowSeconds: number): Promise<Stored> {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text(await generate(nowSeconds)), { mode: SECRET_FILE_MODE })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  const stored = read(file)
  if (!stored) throw new Error(`${file} vanished while it was being made`)
  return stored
}

async function generate(nowSeconds: number): Promise<Stored> {
  const anchor = await keyPair('EdDSA')
  const signing = await keyPair('EdDSA')
  const token = await keyPair('ES256')
  const kid = await calculateJwkThumbprint(token.publicJwk)
  return {
    anchor,
    signing: await signed(anchor.privateJwk, signing.publicJwk, signing.privateJwk, nowSeconds),
    sealSecrets: { router: sealSecret(), oauth: sealSecret() },
    dpopSecret: secret(),
    tokenKeys: [{ ...token.privateJwk, kid, alg: 'ES256', use: 'sig' }],
  }
}

async function signed(
  anchorPrivateJwk: JWK,
  publicJwk: JWK,
  privateJwk: JWK,
  nowSeconds: number,
): Promise<Stored['signing']> {
  const certificate = await certify(
    anchorPrivateJwk,
    publicJwk,
    CERTIFICATE_LIFETIME_SECONDS,
    nowSeconds,
  )
  return {
    publicJwk,
    key: { privateJwk, certificate },
    expiresAtSeconds: nowSeconds + CERTIFICATE_LIFETIME_SECONDS,
  }
}

async function keyPair(algorithm: 'EdDSA' | 'ES256'): Promise<{ publicJwk: JWK; privateJwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url')
const sealSecret = (): string => `k1:${secret()}`
