/** RFC 9068 §4 and RFC 8725: what is no access token of ours, one row a defect. */
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  signAccessToken,
  verifyAccessToken,
  type AccessTokenClaims,
} from '#shared/identity/access-token.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://as.example'
const AUDIENCE = 'https://mcp.example/notes/mcp'

async function newKey(kid: string) {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const secret = { ...(await exportJWK(pair.privateKey)), kid }
  const open: JWK = { ...(await exportJWK(pair.publicKey)), kid }
  return { secret, open }
}

const key = await newKey('one')
const other = await newKey('two')
const jwks = { keys: [other.open, key.open] }

const claims: AccessTokenClaims = {
  iss: ISSUER,
  sub: 'alice',
  aud: AUDIENCE,
  client_id: 'client',
  scope: 'notes:read notes:write',
  iat: NOW,
  exp: NOW + 60,
  jti: 'id',
  gid: 'grant',
  tenant: 'default',
}

const verify = (token: string, changes: object = {}) =>
  verifyAccessToken(token, {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks,
    nowSeconds: NOW,
    ...changes,
  })

/** By jose, so that what we would never write can be signed too. */
async function forged(said: object, header: object = {}, by = key.secret): Promise<string> {
  return new SignJWT({ ...claims, ...said })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...header })
    .sign(await importJWK(by, 'ES256'))
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an access token', () => {
  it('of ours is the principal it names, and jose agrees with every byte of it', async () => {
    const token = await signAccessToken(key.secret, { ...claims, cnf: { jkt: 'thumb' } })
    expect(await verify(token)).toEqual({
      ok: true,
      value: {
        principal: {
          subject: 'alice',
          tenant: 'default',
          clientId: 'client',
          scopes: ['notes:read', 'notes:write'],
          jkt: 'thumb',
        },
        grantId: 'grant',
        issuedAtSeconds: NOW,
        expiresAtSeconds: NOW + 60,
      },
    })
    const { protectedHeader } = await jwtVerify(token, await importJWK(key.open, 'ES256'), {
      currentDate: new Date(NOW * 1000),
    })
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
    expect((await verify(await forged({}))).ok).toBe(true)
  })

  it.each<[string, object, string]>([
    ['of another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
    ['without an issuer', { iss: undefined }, 'wrong_issuer'],
    ['for another server', { aud: 'https://mcp.example/other/mcp' }, 'wrong_audience'],
    ['for several', { aud: [AUDIENCE, 'https://evil.example'] }, 'wrong_audience'],
    ['for a list of this one', { aud: [AUDIENCE] }, 'wrong_audience'],
    ['whose time is over', { exp: NOW }, 'expired'],
    ['that never ends', { exp: undefined }, 'malformed'],
    ['that ends in words', { exp: 'never' }, 'malformed'],
    ['without a birth', { iat: undefined }, 'malformed'],
    ['of nobody', { sub: undefined }, 'malformed'],
    ['of a number', { sub: 7 }, 'malformed'],
    ['of no client', { client_id: undefined }, 'malformed'],
    ['of no grant', { gid: undefined }, 'malformed'],
    ['of no tenant', { tenant: undefined }, 'malformed'],
    ['without an id', { jti: undefined }, 'malformed'],
    ['bound in a way nobody checks', { cnf: { 'x5t#S256': 'x' } }, 'malformed'],
    ['bound to nothing', { cnf: null }, 'malformed'],
  ])('%s is none', async (_what, said, reason) => {
    expect(await verify(await forged(said))).toEqual({ ok: false, failure: { reason } })
  })

  it.each<[string, object, string]>([
    ['of another type', { typ: 'JWT' }, 'malformed'],
    ['of no type', { typ: undefined }, 'malformed'],
    ['naming no key', { kid: undefined }, 'bad_signature'],
    ['naming a key nobody has', { kid: 'three' }, 'bad_signature'],
    ['naming another key than signed', { kid: 'two' }, 'bad_signature'],
  ])('%s is none', async (_what, header, reason) => {
    expect(await verify(await forged({}, header))).toEqual({ ok: false, failure: { reason } })
  })

  it('with a critical extension is none (RFC 7515 §4.1.11)', async () => {
    const token = await forged({}, { b64: true, crit: ['b64'] })
    expect(await verify(token)).toEqual({ ok: false, failure: { reason: 'malformed' } })
  })

  it.each(['none', 'HS256', 'RS256', 'EdDSA'])('of algorithm %s is none', async (alg) => {
    const [, payload = '', signature = ''] = (await forged({})).split('.')
    const token = `${part({ alg, typ: 'at+jwt', kid: 'one' })}.${payload}.${signature}`
    expect(await verify(token)).toEqual({ ok: false, failure: { reason: 'malformed' } })
  })

  it('changed after it was signed is none, in each of its parts', async () => {
    const [header = '', , signature = ''] = (await forged({})).split('.')
    const payload = part({ ...claims, sub: 'mallory' })
    expect(await verify(`${header}.${payload}.${signature}`)).toMatchObject({ ok: false })
    const signedByOther = await forged({}, {}, other.secret)
    expect(await verify(signedByOther)).toEqual({
      ok: false,
      failure: { reason: 'bad_signature' },
    })
  })

  it.each(['', '.', '..', 'a.b.c', 'null', `${part({})}.${part({})}.`, 'x.y.z.w'])(
    'is not "%s"',
    async (text) => {
      expect(await verify(text)).toMatchObject({ ok: false })
    },
  )

  it('of more parts than three is none', async () => {
    expect(await verify(`${await forged({})}.x`)).toMatchObject({ ok: false })
  })
})
