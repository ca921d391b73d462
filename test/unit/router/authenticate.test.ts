import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { signAccessToken, type AccessTokenClaims } from '#shared/identity/access-token.ts'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'
import { createAuthenticator } from '#shared/gateway/authenticate/authenticate.ts'

const ISSUER = 'https://as.example.com'
const ORIGIN = 'https://mcp.example.com'
const NOW = 1_800_000_000

let signer: JWK & { kid: string }
let stranger: JWK & { kid: string }
let jwks: { keys: JWK[] }

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const secret = { ...(await exportJWK(privateKey)), kid }
  return { secret, open: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } }
}

beforeAll(async () => {
  const ours = await newKey('k1')
  signer = ours.secret
  stranger = (await newKey('k1')).secret
  jwks = { keys: [ours.open] }
})

const claims = (changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  iss: ISSUER,
  sub: 'user',
  aud: `${ORIGIN}/notes/mcp`,
  client_id: 'client',
  scope: 'notes:read notes:write',
  iat: NOW,
  exp: NOW + 3600,
  jti: 'j',
  gid: 'grant',
  tenant: 'default',
  ...changes,
})

const authenticator = () =>
  createAuthenticator({
    issuer: ISSUER,
    publicOrigin: ORIGIN,
    keys: {
      for: async () => jwks,
      isForeign: () => false,
      verifyForeign: async () => ({ ok: false, failure: { reason: 'unavailable' } }),
    },
    nonces: createDpopNonces('s'.repeat(43), ORIGIN),
    lostBeforeSeconds: () => 0,
  })
const requestWith = (authorization: string | null) =>
  new Request(`${ORIGIN}/notes/mcp`, authorization === null ? {} : { headers: { authorization } })
const check = (header: string | null, nowSeconds = NOW) =>
  authenticator().authenticate(requestWith(header), 'notes', nowSeconds)

describe('authenticate', () => {
  it('turns a good token into its principal', async () => {
    const verified = await check(`Bearer ${await signAccessToken(signer, claims())}`)
    expect(verified).toMatchObject({
      ok: true,
      value: {
        caller: {
          grantId: 'grant',
          principal: { subject: 'user', tenant: 'default', scopes: ['notes:read', 'notes:write'] },
        },
      },
    })
  })

  it('knows a client whose id is a sealed registration by a short digest: headers are bounded', async () => {
    const clientId = `k1.${'x'.repeat(2000)}`
    const verified = await check(
      `Bearer ${await signAccessToken(signer, claims({ client_id: clientId }))}`,
    )
    if (!verified.ok) throw new Error(verified.failure.reason)
    expect(verified.value.caller.principal.clientId).toMatch(/^sealed-[\w-]{43}$/)
  })

  it('takes a request without a header for a stranger', async () => {
    expect(await check(null)).toMatchObject({
      ok: true,
      value: { caller: { principal: { subject: 'anonymous' } } },
    })
  })

  it.each([
    ['expired', { exp: NOW - 1 }, 'expired'],
    ['of another resource (RFC 8707)', { aud: `${ORIGIN}/other/mcp` }, 'wrong_audience'],
    ['of another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
  ])('refuses a token that is %s', async (_, changes, reason) => {
    const token = await signAccessToken(signer, claims(changes))
    expect(await check(`Bearer ${token}`)).toEqual({ ok: false, failure: { reason } })
  })

  it('refuses a list of audiences, even one that has ours in it', async () => {
    const token = await new SignJWT({ ...claims(), aud: [`${ORIGIN}/notes/mcp`, 'x'] })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
      .sign({ ...signer, alg: 'ES256' })
    expect(await check(`Bearer ${token}`)).toMatchObject({ failure: { reason: 'wrong_audience' } })
  })

  it('refuses a signature by another key, and `typ` JWT (RFC 9068 §4, RFC 8725 §3.11)', async () => {
    const forged = await signAccessToken(stranger, claims())
    expect(await check(`Bearer ${forged}`)).toMatchObject({ failure: { reason: 'bad_signature' } })
    const idToken = await new SignJWT({ ...claims() })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'k1' })
      .sign({ ...signer, alg: 'ES256' })
    expect(await check(`Bearer ${idToken}`)).toMatchObject({ failure: { reason: 'malformed' } })
  })

  it('refuses a key-bound token as Bearer (RFC 9449 §7.1)', async () => {
    const token = await signAccessToken(signer, claims({ cnf: { jkt: 'x' } }))
    expect(await check(`Bearer ${token}`)).toMatchObject({ failure: { reason: 'bound' } })
  })

  it('refuses a Bearer token under the DPoP scheme (RFC 9449 §7.1)', async () => {
    const token = await signAccessToken(signer, claims())
    expect(await check(`DPoP ${token}`)).toMatchObject({ failure: { reason: 'unbound' } })
  })

  it('refuses a token that is confirmed by anything but a key thumbprint (RFC 7800)', async () => {
    const other = { ...claims(), cnf: { 'x5t#S256': 'x' } } as unknown as AccessTokenClaims
    const token = await signAccessToken(signer, other)
    for (const scheme of ['Bearer', 'DPoP']) {
      expect(await check(`${scheme} ${token}`)).toMatchObject({ failure: { reason: 'malformed' } })
    }
  })

  it.each(['Basic dXNlcg==', 'DPoP abc', 'Bearer', 'Bearer a, Bearer b', 'Bearer a b', 'Bearer é'])(
    'refuses the header "%s"',
    async (header) => {
      expect((await check(header)).ok).toBe(false)
    },
  )

  it('ends a cached verdict with its token, and never uses it for another server', async () => {
    const shared = authenticator()
    const header = `Bearer ${await signAccessToken(signer, claims({ exp: NOW + 10 }))}`
    expect((await shared.authenticate(requestWith(header), 'notes', NOW)).ok).toBe(true)
    expect(await shared.authenticate(requestWith(header), 'other', NOW)).toMatchObject({
      failure: { reason: 'wrong_audience' },
    })
    expect(await shared.authenticate(requestWith(header), 'notes', NOW + 11)).toMatchObject({
      failure: { reason: 'expired' },
    })
  })
})
