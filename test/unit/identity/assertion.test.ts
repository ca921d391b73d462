import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  certify,
  mintAssertion,
  verifyAssertion,
  type SigningKey,
  type Trust,
} from '#shared/identity/assertion.ts'
import type { Principal } from '#shared/identity/principal.ts'

const NOW = 1_800_000_000
const ALICE: Principal = { subject: 'alice', tenant: 'acme', clientId: 'c1', scopes: ['a', 'b'] }

interface Pair {
  publicJwk: JWK
  privateJwk: JWK
}
async function makePair(): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { publicJwk: await exportJWK(publicKey), privateJwk: await exportJWK(privateKey) }
}
const [anchor, signer, stranger] = await Promise.all([makePair(), makePair(), makePair()])
const trust: Trust = { anchors: [anchor.publicJwk] }

const signedBy = async (by: Pair, certifiedUntil = NOW + 86_400): Promise<SigningKey> => ({
  privateJwk: signer.privateJwk,
  certificate: await certify(by.privateJwk, signer.publicJwk, certifiedUntil - NOW, NOW),
})
const key = await signedBy(anchor)
const mint = (principal = ALICE, at = NOW): Promise<string> =>
  mintAssertion(key, 'notes', principal, at)

/** An assertion with claims `mintAssertion` would never write. */
const signed = (claims: Record<string, unknown>, type: string): Promise<string> =>
  signWith(signer.privateJwk, claims, { alg: 'EdDSA', typ: type, cert: key.certificate })

async function signWith(
  jwk: JWK,
  claims: Record<string, unknown>,
  header: { alg: string; typ: string; cert: string },
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign({ ...jwk, alg: 'EdDSA' })
}
const TYPE = 'mcp-edge-principal+jwt'
const claims = {
  aud: 'notes',
  sub: 'alice',
  tenant: 't',
  client_id: 'c',
  scopes: [],
  iat: NOW,
  exp: NOW + 300,
}

const reasonOf = async (
  assertion: string,
  at = NOW,
  trusted = trust,
): Promise<string | undefined> => {
  const outcome = await verifyAssertion(trusted, 'notes', assertion, at)
  return outcome.ok ? undefined : outcome.failure.reason
}

describe('a principal assertion', () => {
  it('names the principal, whole, for one server and five minutes', async () => {
    const principal = { ...ALICE, claims: { email: 'a@example.com' } }
    expect(await verifyAssertion(trust, 'notes', await mint(principal), NOW)).toEqual({
      ok: true,
      value: { principal, expiresAtSeconds: NOW + 300 },
    })
  })

  it('is refused by another server', async () => {
    const outcome = await verifyAssertion(trust, 'weather', await mint(), NOW)
    expect(outcome).toMatchObject({ failure: { reason: 'wrong_server' } })
  })

  it('is refused after its lifetime and the skew, whatever its own exp says', async () => {
    expect(await reasonOf(await mint(), NOW + 320)).toBeUndefined()
    expect(await reasonOf(await mint(), NOW + 331)).toBe('expired')
    const long = await signed({ ...claims, exp: NOW + 9_999 }, TYPE)
    expect(await reasonOf(long, NOW + 331)).toBe('expired')
  })

  it('is refused from the future', async () => {
    expect(await reasonOf(await mint(ALICE, NOW + 31))).toBe('expired')
  })

  it('is refused with times that are no numbers, or none', async () => {
    expect(await reasonOf(await signed({ ...claims, iat: undefined }, TYPE))).toBe('expired')
    const noExp = { ...claims, exp: undefined }
    expect(await reasonOf(await signed(noExp, TYPE))).toBe('expired')
  })

  it('is refused when it is a JWS of another type by the same key (RFC 8725 §3.11)', async () => {
    expect(await reasonOf(await signed(claims, 'at+jwt'))).toBe('untrusted')
  })

  it('is refused with another algorithm, or an extension nobody here understands (RFC 7515 §4.1.11)', async () => {
    const header = { typ: TYPE, cert: key.certificate }
    const secret = new TextEncoder().encode(JSON.stringify(signer.publicJwk).padEnd(32))
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(secret)
    expect(await reasonOf(hmac)).toBe('untrusted')
    const [, payload = ''] = (await mint()).split('.')
    const none = Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')
    expect(await reasonOf(`${none}.${payload}.`)).toBe('untrusted')
    const critical = { ...header, alg: 'EdDSA', b64: true, crit: ['b64'] }
    expect(await reasonOf(await signWith(signer.privateJwk, claims, critical))).toBe('untrusted')
  })

  it('is refused when its payload or signature was changed', async () => {
    const [header = '', , signature = ''] = (await mint()).split('.')
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url')
    expect(await reasonOf(`${header}.${other}.${signature}`)).toBe('untrusted')
    expect(await reasonOf(`${await mint()}.x`)).toBe('untrusted')
  })

  it('is refused when no anchor vouches for its key, and when the certificate is another’s', async () => {
    expect(await reasonOf(await mintAssertion(await signedBy(stranger), 'notes', ALICE, NOW))).toBe(
      'untrusted',
    )
    const stolen = { privateJwk: stranger.privateJwk, certificate: key.certificate }
    expect(await reasonOf(await mintAssertion(stolen, 'notes', ALICE, NOW))).toBe('untrusted')
  })

  it('is refused when its certificate ran out', async () => {
    const old = await signedBy(anchor, NOW + 10)
    const assertion = await mintAssertion(old, 'notes', ALICE, NOW + 50)
    expect(await reasonOf(assertion, NOW + 50)).toBe('untrusted')
  })

  it('is refused when an assertion stands for its certificate', async () => {
    const assertion = await mint()
    const nested = { privateJwk: signer.privateJwk, certificate: assertion }
    expect(await reasonOf(await mintAssertion(nested, 'notes', ALICE, NOW))).toBe('untrusted')
  })

  it.each(['', 'x', 'a.b.c', 'e30.e30.AA'])('is refused as malformed: %j', async (text) => {
    expect(await reasonOf(text)).toBe('malformed')
  })

  it('counts under either anchor while one is being rotated', async () => {
    const rotating: Trust = { anchors: [stranger.publicJwk, anchor.publicJwk] }
    expect(await reasonOf(await mint(), NOW, rotating)).toBeUndefined()
  })
})
