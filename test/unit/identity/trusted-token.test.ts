/** What becomes of the names that another issuer's token says: subjects, groups, clients, tenants. */
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { SCOPES_MAX_CHARS } from '#shared/identity/identity-limits.ts'
import { certify, mintAssertion, verifyAssertion } from '#shared/identity/assertion.ts'
import type { Principal } from '#shared/identity/principal.ts'
import type { Policy } from '#shared/catalog/entry.ts'
import { judgeServer } from '#shared/catalog/policy.ts'
import { subjectOf } from '#shared/identity/subject.ts'
import { verifyTrustedToken, type TrustedIssuer } from '#shared/identity/trusted-token.ts'
import { INTERNAL_HEADER_MAX_BYTES } from '#shared/contracts/inner-wire.ts'

const NOW = 1_800_000_000
const RESOURCE = 'https://mcp.example.com/notes/mcp'
const ISSUER = 'https://idp.example.com'

let keys: Awaited<ReturnType<typeof generateKeyPair>>
beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true })
})

const trusted = (changes: Partial<TrustedIssuer> = {}, issuer = ISSUER): TrustedIssuer => ({
  issuer,
  algorithms: ['ES256'],
  types: ['at+jwt'],
  maxLifetimeSeconds: 600,
  scopeClaim: 'scope',
  mapping: { issuer, tenantClaim: 'org', groupsClaim: 'groups', groupPatterns: [], claims: {} },
  ...changes,
})

async function principalOf(claims: JWTPayload, issuer = trusted()): Promise<Principal | string> {
  const token = await new SignJWT({
    iss: issuer.issuer,
    sub: 'ada',
    aud: RESOURCE,
    iat: NOW,
    exp: NOW + 300,
    org: 'acme',
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })
    .sign(keys.privateKey)
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256' }] }
  const verified = await verifyTrustedToken(token, issuer, RESOURCE, jwks, NOW)
  return verified.ok ? verified.value.principal : verified.failure.reason
}

test('groups and client carry the issuer’s name, the principal the issuer', async () => {
  expect(await principalOf({ groups: ['ops', 'admins'], client_id: 'machine_backup' })).toEqual({
    issuer: ISSUER,
    subject: await subjectOf(ISSUER, 'ada'),
    tenant: 'acme',
    clientId: `${ISSUER}#machine_backup`,
    scopes: [],
    groups: [`${ISSUER}#admins`, `${ISSUER}#ops`],
  })
})

test('no name that an issuer can say is a name of another’s', async () => {
  const said = ['admins', '#admins', `${ISSUER}#admins`, 'https://other.example#admins']
  const [ours, theirs] = await Promise.all(
    [ISSUER, 'https://other.example'].map(async (issuer) => {
      const principal = await principalOf({ groups: said }, trusted({}, issuer))
      return typeof principal === 'string' ? [] : (principal.groups ?? [])
    }),
  )
  expect(ours).toHaveLength(said.length)
  expect(theirs).toHaveLength(said.length)
  for (const name of ours ?? []) {
    expect(theirs).not.toContain(name)
    expect(said.slice(0, 2)).not.toContain(name)
  }
})

test.each([['acme'], ['default'], ['platform'], ['Acme']])(
  'an issuer that speaks for acme and beta: tenant %s',
  async (org) => {
    const principal = await principalOf({ org }, trusted({ tenants: ['acme', 'beta'] }))
    expect(typeof principal === 'string' ? principal : principal.tenant).toBe(
      org === 'acme' ? 'acme' : 'malformed',
    )
  },
)

test('a client of an issuer with a long name is denied by its own name, as of any other issuer', async () => {
  const policy: Policy = {
    visibility: 'public',
    dpop: 'optional',
    strict: false,
    publish: 'auto',
    rules: [{ effect: 'deny', who: { clients: ['legacy-bot'] } }],
  }
  for (const length of [30, 190, 256]) {
    const issuer = `https://idp.example.com/`.padEnd(length, 'r')
    const principal = await principalOf({ client_id: 'legacy-bot' }, trusted({}, issuer))
    if (typeof principal === 'string') throw new Error(principal)
    expect(principal.clientId).toBe(`${issuer}#legacy-bot`)
    expect(judgeServer(principal, policy).allowed, issuer).toBe(false)
    const long = await principalOf({ client_id: 'c'.repeat(500) }, trusted({}, issuer))
    const guid = 'b'.repeat(50)
    expect(await principalOf({ client_id: guid }, trusted({}, issuer))).toMatchObject({
      clientId: `${issuer}#${guid}`,
    })
    expect(typeof long === 'string' ? long : long.clientId).toMatch(
      /^https:[^#]+#sealed-[\w-]{43}$/,
    )
  }
})

test('the largest principal that is taken fits the header that carries it', async () => {
  const issuer = `https://idp.example.com/${'r'.repeat(256 - 24)}`
  const [anchor, signer] = await Promise.all(
    ['anchor', 'signer'].map(async () => {
      const pair = await generateKeyPair('Ed25519', { extractable: true })
      return { jwk: await exportJWK(pair.publicKey), privateJwk: await exportJWK(pair.privateKey) }
    }),
  )
  if (!anchor || !signer) throw new Error('no keys')
  const scope = Array.from({ length: 16 }, (_, at) =>
    `${at}`.padStart(SCOPES_MAX_CHARS / 16 - 1, 's'),
  )
  // The issuer counts for the bound of groups and claims, once for itself and once a group.
  const claims = { groups: ['g'.repeat(484)], scope, client_id: 'c'.repeat(500) }
  const principal = await principalOf(claims, trusted({}, issuer))
  if (typeof principal === 'string') throw new Error(principal)
  expect(await principalOf({ ...claims, groups: ['g'.repeat(485)] }, trusted({}, issuer))).toBe(
    'malformed',
  )
  const certificate = await certify(anchor.privateJwk, signer.jwk, 3_600, NOW)
  const key = { privateJwk: signer.privateJwk, certificate }
  const assertion = await mintAssertion(key, 'notes', principal, NOW)
  expect(assertion.length).toBeLessThanOrEqual(INTERNAL_HEADER_MAX_BYTES)
  const verified = await verifyAssertion({ anchors: [anchor.jwk] }, 'notes', assertion, NOW)
  expect(verified).toMatchObject({ ok: true, value: { principal } })
})
