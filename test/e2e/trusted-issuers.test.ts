/** Access tokens of issuers the operator trusts beside our own (PROTOCOL §4; RFC 9068 §4, RFC 8725). */
import { generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { OWNER_SUBJECT } from '#shared/identity/operators.ts'
import { subjectOf } from '#shared/identity/subject.ts'
import { makeProof, newProofKey, type ProofKey } from '../_proofs.ts'
import { operatorOf } from './_catalog.ts'
import { startIssuer, type Issuer } from './_issuer.ts'
import { callProof, fetchNonce } from './_dpop.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send, type Got } from './_wire.ts'

let plain: Issuer
let mapped: Issuer
let broken: Issuer
let counted: Issuer
let partner: Issuer
let platform: Platform
let key: ProofKey
beforeAll(async () => {
  ;[plain, mapped, broken, counted, partner] = await Promise.all([
    startIssuer(),
    startIssuer(),
    startIssuer(),
    startIssuer(),
    startIssuer(),
  ])
  broken.answerKeys = (response) => response.writeHead(500).end()
  const trusted = [
    { issuer: plain.issuer, servers: ['identity', 'vault'] },
    {
      issuer: mapped.issuer,
      jwksUri: `${mapped.issuer}/keys`,
      algorithms: ['ES256'],
      types: ['JWT'],
      maxLifetimeSeconds: 600,
      scopeClaim: 'scp',
      tenantClaim: 'org',
      groupsClaim: 'roles',
      claims: 'email',
    },
    { issuer: broken.issuer },
    { issuer: counted.issuer },
    { issuer: partner.issuer, catalog: true, tenantClaim: 'org', groupsClaim: 'groups' },
  ]
  // Sign-ins of the platform's own administer as the owner or by group; of partner, one group may.
  const operators = `owner,group:admins,group:${partner.issuer}#platform`
  platform = await startPlatform({
    authorServers: ['test/servers/identity', 'test/servers/vault'],
    vars: {
      router: { OPERATORS: operators },
      oauth: { TRUSTED_ISSUERS: JSON.stringify(trusted), OPERATORS: operators },
    },
  })
  for (const server of ['identity', 'vault', 'clock']) {
    await fetch(platform.mcpUrl(server), { method: 'POST' })
  }
  key = newProofKey()
  await fetchNonce(platform)
})
afterAll(async () => {
  await platform.close()
  await Promise.all([plain, mapped, broken, counted, partner].map((issuer) => issuer.close()))
})

const here = () => platform.mcpUrl('identity').href
const good = (claims: JWTPayload = {}): JWTPayload => ({
  aud: here(),
  client_id: 'their-app',
  ...claims,
})

async function call(
  token: string,
  {
    tool = 'whoami',
    server = 'identity',
    scheme = 'Bearer',
    dpop = undefined as string | undefined,
    era = modern,
  } = {},
): Promise<Got> {
  const { headers, body } = era('tools/call', { name: tool, arguments: {} })
  const all = { ...headers, authorization: `${scheme} ${token}`, dpop }
  return send(platform.origin, { path: `/${server}/mcp`, headers: all, body })
}
const principalOf = (got: Got): Record<string, unknown> =>
  JSON.parse(got.message.result?.content?.[0]?.text ?? 'null') as Record<string, unknown>

test('a token becomes the same principal in both eras: opaque subject, default tenant, its scopes', async () => {
  const token = await plain.token(good({ scope: 'desk:read' }))
  const principals = []
  for (const era of [modern, legacy]) principals.push(principalOf(await call(token, { era })))
  expect(principals[0]).toEqual(principals[1])
  expect(principals[0]).toEqual({
    subject: expect.stringMatching(/^[\w-]{43}$/) as string,
    tenant: 'default',
    clientId: `${plain.issuer}#their-app`,
    issuer: plain.issuer,
    scopes: ['desk:read'],
  })
  expect((await call(token, { tool: 'clear_desk' })).status).toBe(403)
})

test('claims are mapped as the operator says, by issuer; subjects of two issuers never meet', async () => {
  const claims = {
    scp: ['desk'],
    org: 'default',
    roles: ['ops'],
    email: 'ada@x.example',
    secret: 1,
  }
  const theirs = principalOf(await call(await mapped.token(good(claims), { typ: 'JWT' })))
  expect(theirs).toMatchObject({
    scopes: ['desk'],
    issuer: mapped.issuer,
    groups: [`${mapped.issuer}#ops`],
    claims: { email: 'ada@x.example' },
  })
  expect(JSON.stringify(theirs)).not.toContain('secret')
  const others = principalOf(await call(await plain.token(good())))
  expect(theirs['subject']).not.toBe(others['subject'])
})

test('a token bound to a key works with its proof, and never without (RFC 9449 §7.1)', async () => {
  const token = await plain.token({
    ...good(),
    aud: platform.mcpUrl('vault').href,
    cnf: { jkt: key.jkt },
  })
  const dpop = callProof(platform, 'vault', key, token)
  const proven = await call(token, { tool: 'look', server: 'vault', scheme: 'DPoP', dpop })
  expect(proven.status).toBe(200)
  expect((await call(token, { tool: 'look', server: 'vault' })).status).toBe(401)
})

test('keys are fetched once for many tokens, and made-up key ids do not ask for more', async () => {
  const made = Array.from({ length: 8 }, () => counted.token(good({ jti: crypto.randomUUID() })))
  const answers = await Promise.all((await Promise.all(made)).map((token) => call(token)))
  expect(answers.map(({ status }) => status)).toEqual(made.map(() => 200))
  for (let at = 0; at < 5; at += 1) {
    const token = await counted.token(good(), { kid: `made-up-${at}` })
    expect((await call(token)).status).toBe(401)
  }
  expect(counted.asked()).toBe(1)
})

describe('is refused with 401 invalid_token', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const refused = async (token: Promise<string> | string, options = {}) => {
    const got = await call(await token, options)
    expect(got.status).toBe(401)
    expect(String(got.headers['www-authenticate'])).toContain('error="invalid_token"')
  }
  const forged = async () => {
    const { privateKey } = await generateKeyPair('ES256')
    return new SignJWT({ ...good(), iss: plain.issuer, sub: 'ada', iat: now(), exp: now() + 60 })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' })
      .sign(privateKey)
  }
  test.each<[string, () => Promise<string>]>([
    ['signed by another key', forged],
    ['for another server', () => plain.token(good({ aud: platform.mcpUrl('vault').href }))],
    ['for the platform as a whole', () => plain.token(good({ aud: platform.origin }))],
    ['for several audiences', () => plain.token(good({ aud: [here(), 'https://other.example'] }))],
    ['for nobody', () => plain.token({})],
    ['expired', () => plain.token(good({ iat: now() - 600, exp: now() - 60 }))],
    ['that lives too long', () => plain.token(good({ exp: now() + 3_700 }))],
    ['that lives long and says it is old', () => plain.token(good({ iat: 1, exp: now() + 300 }))],
    ['of no age', () => plain.token(good({ iat: undefined as never }))],
    ['of nobody', () => plain.token(good({ sub: '' }))],
    ['of another type (an ID token)', () => plain.token(good(), { typ: 'JWT' })],
    ['bound in a way we cannot check', () => plain.token(good({ cnf: { 'x5t#S256': 'x' } }))],
    ['of no tenant', () => mapped.token(good(), { typ: 'JWT' })],
    [
      'of the tenant the platform acts under',
      () => mapped.token(good({ org: 'platform' }), { typ: 'JWT' }),
    ],
    [
      'with claims that do not fit',
      () => mapped.token(good({ org: 'default', email: 'x'.repeat(2_000) }), { typ: 'JWT' }),
    ],
    ['of an issuer nobody trusts', () => plain.token(good({ iss: 'https://evil.example' }))],
    ['of an issuer’s name with a slash', () => plain.token(good({ iss: `${plain.issuer}/` }))],
    ['that says it is ours', () => plain.token(good({ iss: platform.origin }))],
  ])('a token %s', (_, token) => refused(token()))

  test('a token for a server its issuer may not speak for', async () =>
    refused(plain.token({ aud: platform.mcpUrl('clock').href }), { server: 'clock', tool: 'now' }))
  test('alg none, and a signature by the public key as a shared secret (RFC 8725 §3.1)', async () => {
    const token = await plain.token(good())
    const [, payload = '', signature = ''] = token.split('.')
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: 'key-1' })).toString(
        'base64url',
      )
      await refused(`${header}.${payload}.${alg === 'none' ? 'AA' : signature}`)
    }
  })
  test('a bound token with another key’s proof', async () => {
    const token = await plain.token({ ...good(), cnf: { jkt: newProofKey().jkt } })
    const dpop = makeProof(key, {
      url: new URL(here()),
      nonce: await fetchNonce(platform),
      accessToken: token,
    })
    await refused(token, { scheme: 'DPoP', dpop })
  })
})

describe('at the catalog', () => {
  const catalog = () => `${platform.origin}/catalog`
  /** What an administrator's token would say. */
  const claims = (more: JWTPayload = {}): JWTPayload => ({
    aud: catalog(),
    scope: 'catalog:admin',
    client_id: 'their-app',
    groups: ['admins', 'owner', 'platform'],
    org: 'default',
    ...more,
  })
  const publish = async (token: string) => {
    const answer = await fetch(`${catalog()}/servers/vault/policy`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"visibility":"public"}',
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const visibility = async (): Promise<string> => {
    const operator = await operatorOf(platform)
    return (await operator.do('GET', '/servers/vault')).policy.visibility
  }
  afterEach(async () => expect(await visibility()).toBe('private'))

  test.each<[string, () => Promise<string>, number]>([
    [
      'an issuer for all servers, whose entry does not name the catalog',
      () => counted.token(claims({ groups: ['admins'] })),
      401,
    ],
    [
      'an issuer whose groups and tenants are mapped, in any tenant',
      () =>
        mapped.token(claims({ org: 'evil', roles: ['admins'], scp: 'catalog:admin' }), {
          typ: 'JWT',
        }),
      401,
    ],
    [
      'an issuer that may reach the catalog: its `admins` are not ours',
      () => partner.token(claims({ groups: ['admins', 'owner'] })),
      403,
    ],
    [
      'the group that may, in another tenant',
      () => partner.token(claims({ groups: ['platform'], org: 'evil' })),
      403,
    ],
    [
      'a subject that is called as operators are',
      () => partner.token(claims({ sub: 'owner', groups: [] })),
      403,
    ],
    [
      'a subject that is the owner’s id',
      () => partner.token(claims({ sub: OWNER_SUBJECT, groups: [] })),
      403,
    ],
    [
      'groups that are spelled like full names',
      () =>
        partner.token(
          claims({ groups: [`${mapped.issuer}#platform`, 'group:admins', '#platform', ''] }),
        ),
      403,
    ],
    [
      'the group that may, without the scope',
      () => partner.token(claims({ groups: ['platform'], scope: '' })),
      403,
    ],
  ])('%s: refused', async (_, token, status) => {
    const got = await publish(await token())
    expect(got.status, JSON.stringify(got.body)).toBe(status)
  })

  test('an issuer whose entry names no catalog does not search it either', async () => {
    const searched = async (issuer: Issuer) => {
      const authorization = `Bearer ${await issuer.token(claims({ scope: '' }))}`
      return (await fetch(`${catalog()}/search?q=look`, { headers: { authorization } })).status
    }
    expect(await searched(counted)).toBe(401)
    expect(await searched(partner)).toBe(200)
  })

  test('the group that OPERATORS names by its issuer administers, and the history says who', async () => {
    const operator = await partner.token(claims({ groups: ['platform'] }))
    expect((await publish(operator)).status).toBe(200)
    const owner = await operatorOf(platform)
    const { changes } = await owner.do('GET', '/history?server=vault')
    expect(changes[0].by).toBe(await subjectOf(partner.issuer, 'ada'))
    await owner.do('PATCH', '/servers/vault/policy', { visibility: 'private' })
  })

  test('a group of a tenant of our own is no operator by its name', async () => {
    const as = async (tenant: string) => {
      const someone = await operatorOf(platform, { sub: 'eve', tenant, groups: ['admins'] })
      return (await someone.ask('GET', '/servers/vault')).status
    }
    expect(await as('evil')).toBe(403)
    expect(await as('default')).toBe(200)
  })
})

test('rules are about the groups and clients of one issuer, whatever another calls its own', async () => {
  const owner = await operatorOf(platform)
  const theirs = (issuer: Issuer) =>
    issuer.token(good({ client_id: 'machine_backup', groups: ['staff'], org: 'default' }))
  const ours = (claims: object) => mintToken(new URL(here()), claims)
  const callers = {
    staff: await ours({ groups: ['staff'] }),
    acmeStaff: await ours({ groups: ['staff'], tenant: 'acme' }),
    backup: await ours({ client_id: 'machine_backup' }),
    partner: await theirs(partner),
    counted: await theirs(counted),
  }
  const allowed = async (): Promise<string[]> => {
    const names: string[] = []
    for (const [name, token] of Object.entries(callers)) {
      if (principalOf(await call(token)) !== null) names.push(name)
    }
    return names
  }
  const policyOf = (effect: string, who: object) => ({
    tenants: ['default', 'acme'],
    rules: [{ effect, who }],
    otherwise: effect === 'allow' ? 'deny' : 'allow',
    strict: true,
  })
  for (const [policy, names] of [
    [policyOf('allow', { groups: ['staff'] }), ['staff']],
    [policyOf('allow', { groups: ['staff'], tenants: ['acme'] }), ['acmeStaff']],
    [policyOf('allow', { groups: [`${partner.issuer}#staff`] }), ['partner']],
    [policyOf('allow', { clients: ['machine_backup'] }), ['backup']],
    [policyOf('allow', { clients: [`${counted.issuer}#machine_backup`] }), ['counted']],
    // What is denied by a name is denied to all who bear it.
    [policyOf('deny', { groups: ['staff'] }), ['backup', 'counted']],
  ] as const) {
    await owner.do('PATCH', '/servers/identity/policy', policy)
    await expect.poll(allowed, { timeout: 15_000, message: JSON.stringify(policy) }).toEqual(names)
  }
  await owner.do('PATCH', '/servers/identity/policy', {
    rules: [],
    otherwise: 'allow',
    strict: false,
  })
})

test('an issuer whose keys cannot be had: 503, not a reason to sign in again', async () => {
  const got = await call(await broken.token(good()))
  expect(got.status).toBe(503)
  expect(got.headers['retry-after']).toBe('5')
})

test('a person without the issuer’s word stays one: nothing is trusted unless configured', async () => {
  await using other = await startPlatform({ authorServers: ['test/servers/identity'] })
  const url = other.mcpUrl('identity')
  const token = await plain.token({ aud: url.href })
  const { headers, body } = modern('tools/call', { name: 'whoami', arguments: {} }, { token })
  expect((await send(other.origin, { path: url.pathname, headers, body })).status).toBe(401)
})
