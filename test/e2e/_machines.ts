/** Machine clients for tests: their keys, their configuration, their assertions. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { exportPKCS8, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import type { Platform } from './_platform.ts'
import { send, type Got } from './_wire.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface MachineKey {
  readonly privateKey: CryptoKey
  readonly pem: string
  readonly publicJwk: Record<string, unknown>
}

export async function newMachineKey(alg: 'ES256' | 'RS256' = 'ES256'): Promise<MachineKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return {
    privateKey,
    pem: await exportPKCS8(privateKey),
    publicJwk: { ...(await exportJWK(publicKey)) },
  }
}

export const newSecret = (): string => randomBytes(32).toString('base64url')
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Claims of an assertion that is good at `issuer`; tests break them. */
export type AssertionClaims = Record<string, unknown>

export function assertionClaims(issuer: string, clientId: string): AssertionClaims {
  const nowSeconds = Math.floor(Date.now() / 1000)
  return {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    iat: nowSeconds,
    exp: nowSeconds + 60,
    jti: randomUUID(),
  }
}

export const signAssertion = (
  { privateKey }: MachineKey,
  claims: AssertionClaims,
  alg = 'ES256',
): Promise<string> => new SignJWT(claims).setProtectedHeader({ alg }).sign(privateKey)

export const basic = (clientId: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`

export interface FormAnswer extends Got {
  readonly json: Record<string, unknown>
}

/** A form to an endpoint of the authorization server. */
export async function postForm(
  platform: Platform,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<FormAnswer> {
  const got = await send(platform.origin, {
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
  const json = got.text === '' ? {} : (JSON.parse(got.text) as Record<string, unknown>)
  return { ...got, message: {}, json }
}
