/** Sign-in through an OpenID provider that is certified, not ours (OIDC Core 1.0). */
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, redeem, type Flow } from './_oauth-client.ts'
import { IDP_CLIENT, signInAtIdp, startIdp, type Idp } from './_idp.ts'
import { decide, inputs, Person, type Page } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

/** Everybody at the provider is in its group `staff`, whatever their tenant. */
const OPERATORS = 'group:staff,group:team-carol tenant:acme'

let idp: Idp
let platform: Platform
beforeAll(async () => {
  idp = await startIdp()
  platform = await startPlatform({
    vars: {
      router: { OPERATORS },
      oauth: {
        OIDC_ISSUER: idp.issuer,
        OIDC_CLIENT_ID: IDP_CLIENT.id,
        OIDC_TENANT_CLAIM: 'org',
        OIDC_SCOPES: 'openid profile email groups',
        OIDC_GROUPS_CLAIM: 'groups',
        OPERATORS,
      },
    },
    secrets: { oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret } },
  })
  idp.serve(platform.origin)
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(async () => {
  await platform.close()
  await idp.close()
})

const newPerson = () => new Person(platform.origin, idp.issuer)

const beginForClock = () => begin(platform.origin, { resource: platform.mcpUrl('clock').href })

async function signIn(person: Person, flow: Flow, account: string): Promise<Page> {
  return signInAtIdp(person, await person.open(flow.authorizeUrl), account)
}

test('the pending request survives the way through the provider; sub is opaque and stable', async () => {
  const subjects = []
  for (let round = 0; round < 2; round += 1) {
    const person = newPerson()
    const flow = await beginForClock()
    const consent = await signIn(person, flow, 'alice@default')
    const done = await decide(person, consent, 'approve')
    const tokens = await redeem(flow, done.leftFor as URL)
    const { sub, tenant } = decodeJwt(tokens.access_token)
    expect(tenant).toBe('default')
    subjects.push(sub)
  }
  expect(subjects[0]).toBe(subjects[1])
  expect(subjects[0]).not.toContain('alice')
})

test('a person of another tenant learns of a private server what a stranger would (DESIGN §4.7)', async () => {
  const flow = await beginForClock()
  const refused = await signIn(newPerson(), flow, 'mallory@elsewhere')
  expect(refused.leftFor?.searchParams.get('error')).toBe('invalid_target')
})

test.each([
  ['alice@default', true],
  ['mallory@elsewhere', false],
  ['mallory@acme', false],
  ['carol@acme', true],
  ['carol@elsewhere', false],
])('%s administers the catalog by a group: %s', async (account, isOperator) => {
  const person = newPerson()
  const resource = `${platform.origin}/catalog`
  const flow = await begin(platform.origin, { resource, scope: 'catalog:admin' })
  const consent = await signIn(person, flow, account)
  expect(consent.html.includes('catalog:admin')).toBe(isOperator)
  // A form that ticks what was not offered gains nothing either.
  const done = await decide(person, consent, 'approve', ['catalog:admin'])
  const tokens = await redeem(flow, done.leftFor as URL)
  const answer = await fetch(`${resource}/servers`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  expect(answer.status).toBe(isOperator ? 200 : 403)
})

test.each(['mallory@platform', 'mallory', `mallory@${'x'.repeat(65)}`])(
  '%s is of no tenant that can be: no session',
  async (account) => {
    const person = newPerson()
    const page = await signIn(person, await beginForClock(), account)
    expect(page.status).toBe(403)
    expect(person.cookieHeader()).not.toContain('mcp-edge-session')
  },
)

test('an answer of the provider that this browser did not ask for signs nobody in (CSRF)', async () => {
  const person = newPerson()
  const flow = await beginForClock()
  await person.open(flow.authorizeUrl)
  const forged = new URL(`${platform.origin}/oauth/callback?code=x&state=forged`)
  forged.searchParams.set('iss', idp.issuer)
  const page = await person.open(forged)
  expect(page.status).toBe(400)
  expect(person.cookieHeader()).not.toContain('mcp-edge-session')
  const stranger = await newPerson().open(forged)
  expect(stranger.status).toBe(400)
})

test('someone else signed in while the page was open: their approval does not count', async () => {
  const person = newPerson()
  const flow = await beginForClock()
  const consent = await signIn(person, flow, 'alice@default')
  // The provider forgets who was there; the platform's consent cookie stays in this browser.
  await person.post(`${platform.origin}/logout`, [])
  person.forget(/^_(?!_)/)
  const his = await signIn(person, await beginForClock(), 'bob@default')
  expect(inputs(his.html, 'handle')).toHaveLength(1)
  const page = await decide(person, consent, 'approve')
  expect(page.status).toBe(400)
  expect(page.leftFor).toBeUndefined()
})

test('an ID token that the published keys did not sign signs nobody in (OIDC Core §3.1.3.7)', async () => {
  const forger = await startIdp()
  const { publicKey } = await generateKeyPair('RS256')
  const oauth = { OIDC_ISSUER: forger.issuer, OIDC_CLIENT_ID: IDP_CLIENT.id }
  await using alone = await startPlatform({
    vars: { oauth },
    secrets: { oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret } },
  })
  forger.serve(alone.origin, {
    keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig' }],
  })
  const person = new Person(alone.origin, forger.issuer)
  const page = await signInAtIdp(person, await person.open(`${alone.origin}/login/idp`), 'alice')
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(person.cookieHeader()).not.toContain('mcp-edge-session')
  await forger.close()
})

test('a provider that does not answer: a page with a reference, and nobody is signed in', async () => {
  // Nothing listens here: the port of a server that was closed.
  const gone = await startIdp()
  await gone.close()
  const oauth = { OIDC_ISSUER: gone.issuer, OIDC_CLIENT_ID: 'any' }
  await using alone = await startPlatform({ vars: { oauth } })
  const person = new Person(alone.origin)
  const page = await person.open(`${alone.origin}/login/idp`)
  expect(page.status).toBe(502)
  expect(page.html).toMatch(/ref [0-9a-f]{8}/)
  expect(person.cookieHeader()).not.toContain('mcp-edge-session')
})
