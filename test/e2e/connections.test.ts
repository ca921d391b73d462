/** A person's account at another service: linked once, used by tools, seen by nobody (DESIGN §2). */
import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectionObjectName } from '#shared/contracts/entrypoints.ts'
import { FORGE_CLIENT, startForge, type Forge } from './_forge.ts'
import { IDP_CLIENT, signInAtIdp, startIdp, type Idp } from './_idp.ts'
import { begin, redeem } from './_oauth-client.ts'
import { decide, Person, wordsIn, type Page } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { legacy, modern, modernMeta, send, type Got } from './_wire.ts'

let idp: Idp
let forge: Forge
let platform: Platform
beforeAll(async () => {
  ;[idp, forge] = await Promise.all([startIdp(), startForge()])
  const provider = {
    title: 'The Forge',
    issuer: forge.issuer,
    authorizationEndpoint: `${forge.issuer}/auth`,
    tokenEndpoint: `${forge.issuer}/token`,
    revocationEndpoint: `${forge.issuer}/token/revocation`,
    clientId: FORGE_CLIENT.id,
    clientSecret: FORGE_CLIENT.secret,
    scopes: 'openid offline_access',
    hosts: [new URL(forge.issuer).host],
  }
  const secrets = `k1:${randomBytes(32).toString('base64url')}`
  const providers = { forge: provider, other: { ...provider, servers: ['clock'] } }
  platform = await startPlatform({
    authorServers: ['test/servers/forge-user'],
    vars: { oauth: { OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: IDP_CLIENT.id } },
    secrets: {
      oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret },
      objects: { CONNECTIONS: JSON.stringify({ secrets, providers }) },
    },
  })
  idp.serve(platform.origin)
  forge.serve(platform.origin)
  await fetch(platform.mcpUrl('forge-user'), { method: 'POST' })
})
afterAll(async () => {
  await platform.close()
  await Promise.all([idp.close(), forge.close()])
})

interface Caller {
  person: Person
  token: string
  subject: string
}

async function signIn(account: string): Promise<Caller> {
  const person = new Person(platform.origin, idp.issuer, forge.issuer)
  const flow = await begin(platform.origin, { resource: platform.mcpUrl('forge-user').href })
  const consent = await signInAtIdp(person, await person.open(flow.authorizeUrl), account)
  const done = await decide(person, consent, 'approve')
  const { access_token: token } = await redeem(flow, done.leftFor as URL)
  return { person, token, subject: String(decodeJwt(token).sub) }
}

async function call(
  token: string | undefined,
  args: Record<string, unknown> = {},
  { era = modern, asksPages = false } = {},
): Promise<Got> {
  const capabilities = asksPages ? { elicitation: { url: {} } } : {}
  const meta = era === modern ? { _meta: modernMeta(undefined, capabilities) } : {}
  const params = { name: 'who_there', arguments: { url: forge.api, ...args }, ...meta }
  return send(platform.origin, { path: '/forge-user/mcp', ...era('tools/call', params, { token }) })
}
const textOf = (got: Got): string => got.message.result?.content?.[0]?.text ?? got.text

const linkIn = (text: string): string =>
  /http:\S+\/oauth\/connections\/\S+?(?=[,\s"]|$)/.exec(text)?.[0] ?? ''

/** From the page a tool names, through the service's own login, and back. */
async function link({ person }: Caller, address: string, account: string): Promise<Page> {
  const offered = await person.open(address)
  expect(wordsIn(offered.html)).toContain('Link your The Forge account?')
  const login = await person.post(address.split('?')[0] ?? '', [['do', 'link']])
  // Who is signed in there, and agreed before, comes straight back.
  return new URL(login.url).origin === forge.issuer ? signInAtIdp(person, login, account) : login
}

async function linked(account: string): Promise<Caller> {
  const caller = await signIn(`${account}@default`)
  const page = await link(caller, linkIn(textOf(await call(caller.token))), account)
  expect(wordsIn(page.html)).toContain('Your The Forge account is linked')
  return caller
}

test.each([modern, legacy])(
  'not linked: the error says where; once linked the tool acts as its user',
  async (era) => {
    const account = era === modern ? 'ada' : 'alan'
    const caller = await signIn(`${account}@default`)
    const first = await call(caller.token, {}, { era })
    expect(first.message.result).toMatchObject({ isError: true })
    expect(textOf(first)).toContain('The Forge')
    await link(caller, linkIn(textOf(first)), `${account}-there`)
    const second = await call(caller.token, {}, { era })
    expect(JSON.parse(textOf(second))).toEqual({ sub: `${account}-there` })
  },
)

test('a client that opens pages is asked to, and the call goes on when it was done', async () => {
  const caller = await signIn('grace@default')
  const asked = (await call(caller.token, {}, { asksPages: true })).message.result
  expect(asked?.resultType).toBe('input_required')
  const requests = asked?.['inputRequests'] as Record<
    string,
    { params: { mode: string; url: string } }
  >
  const [[key, request] = ['', undefined]] = Object.entries(requests)
  expect(request?.params.mode).toBe('url')
  const retry = async () => {
    const params = {
      name: 'who_there',
      arguments: { url: forge.api },
      _meta: modernMeta(undefined, { elicitation: { url: {} } }),
      inputResponses: { [key]: { action: 'accept' } },
      requestState: asked?.['requestState'],
    }
    const wire = modern('tools/call', params, { token: caller.token })
    return send(platform.origin, { path: '/forge-user/mcp', ...wire })
  }
  expect(textOf(await retry())).toContain('not linked yet')
  await link(caller, String(request?.params.url), 'grace-there')
  expect(JSON.parse(textOf(await retry()))).toEqual({ sub: 'grace-there' })
})

describe('nobody sees a token', () => {
  let caller: Caller
  let tokenThere: string
  beforeAll(async () => {
    caller = await linked('tess')
    await call(caller.token)
    tokenThere = String(forge.requests.at(-1)?.authorization).slice('Bearer '.length)
  })

  test('the service gets its own, never the caller’s, nor what the tool made up', () => {
    expect(tokenThere).not.toBe('')
    expect(tokenThere).not.toBe(caller.token)
    expect(tokenThere).not.toBe('mine')
    expect(forge.requests.at(-1)).toMatchObject({ 'x-asked': 'yes' })
    expect(forge.requests.at(-1)?.cookie).toBeUndefined()
  })
  test('the log tells none, and an eviction loses nothing', async () => {
    const owner = { tenant: 'default', subject: caller.subject, service: 'forge' }
    const name = connectionObjectName(owner)
    const objects = platform.worker('mcp-edge-objects')
    const logs = platform.logs().join('\n')
    for (const secret of [tokenThere, caller.token, FORGE_CLIENT.secret]) {
      expect(logs).not.toContain(secret)
    }
    await objects.evictDurableObject('ConnectionObject', { name })
    expect(JSON.parse(textOf(await call(caller.token)))).toEqual({ sub: 'tess' })
  })
  test.each([
    ['a host nobody named', 'http://127.0.0.1:9/x'],
    ['a host of a similar name', 'https://localhost.evil.example/'],
    ['another scheme', 'file:///etc/passwd'],
    ['user info in the address', 'http://localhost@127.0.0.1:9/'],
  ])('it is not sent to %s', async (_, url) => {
    const before = forge.requests.length
    const got = await call(caller.token, { url })
    expect(textOf(got)).toMatch(/Internal error/)
    expect(forge.requests).toHaveLength(before)
  })
  test('a service that is not for this server is no service', async () => {
    expect(textOf(await call(caller.token, { forge: 'other' }))).toMatch(/Internal error/)
    expect(textOf(await call(caller.token, { forge: 'constructor' }))).toMatch(/Internal error/)
  })
})

test('a stranger of a public server is told to sign in, and given no link', async () => {
  const got = await call(undefined)
  expect(got.message.result).toMatchObject({ isError: true })
  expect(textOf(got)).toContain('nobody is signed in')
  expect(linkIn(textOf(got))).toBe('')
})

test('one person’s account is never another’s', async () => {
  const [eve, mallory] = [await linked('eve'), await signIn('mallory@default')]
  expect(JSON.parse(textOf(await call(eve.token)))).toEqual({ sub: 'eve' })
  const got = await call(mallory.token)
  expect(textOf(got)).toContain('needs the user')
  // The link that Mallory's tool call gave opens nothing in Eve's browser (confused deputy).
  const page = await eve.person.open(linkIn(textOf(got)))
  expect(page.status).toBe(403)
})

test('an answer that another browser asked for links nothing (RFC 9700 §4.7)', async () => {
  const [victim, attacker] = [await signIn('vera@default'), await signIn('atta@default')]
  const begun = await fetch(`${platform.origin}/oauth/connections/forge`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: platform.origin, cookie: attacker.person.cookieHeader() },
    body: new URLSearchParams({ do: 'link' }),
  })
  const catcher = new Person(forge.issuer)
  const login = await catcher.open(String(begun.headers.get('location')))
  const { leftFor } = await signInAtIdp(catcher, login, 'atta-there')
  const answer = leftFor as URL
  expect(answer.searchParams.get('code')).toBeTruthy()
  for (const browser of [victim.person, new Person(platform.origin)]) {
    expect((await browser.open(answer)).status).toBe(400)
  }
  expect(textOf(await call(victim.token))).toContain('needs the user')
  // The one who began it may end it.
  expect((await attacker.person.open(answer)).status).toBe(200)
  expect(JSON.parse(textOf(await call(attacker.token)))).toEqual({ sub: 'atta-there' })
})

test('an answer with another state, or of another issuer, links nothing (RFC 9207)', async () => {
  const caller = await signIn('mix@default')
  for (const [name, value] of [
    ['state', 'forge.made-up'],
    ['iss', 'https://evil.example'],
  ] as const) {
    const begun = await fetch(`${platform.origin}/oauth/connections/forge`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: platform.origin, cookie: caller.person.cookieHeader() },
      body: new URLSearchParams({ do: 'link' }),
    })
    const catcher = new Person(forge.issuer)
    const login = await catcher.open(String(begun.headers.get('location')))
    const answer = (await signInAtIdp(catcher, login, 'mix-there')).leftFor as URL
    answer.searchParams.set(name, value)
    expect((await caller.person.open(answer)).status).toBe(400)
  }
  expect(textOf(await call(caller.token))).toContain('needs the user')
})

describe('two clicks', () => {
  const address = () => `${platform.origin}/oauth/connections/forge`
  const post = async (caller: Caller, action: string): Promise<URL> => {
    const away = caller.person.confinedTo('http://nowhere.example')
    return (await away.post(address(), [['do', action]])).leftFor as URL
  }

  test('on "Link", and an answer that comes twice at once: linked, by one code', async () => {
    const caller = await signIn('duo@default')
    const urls = await Promise.all([post(caller, 'link'), post(caller, 'link')])
    expect(urls[0]?.href).toBe(urls[1]?.href)
    const there = caller.person.confinedTo(forge.issuer)
    const answer = (await signInAtIdp(there, await there.open(urls[0] as URL), 'duo'))
      .leftFor as URL
    // What another site makes up uses nothing up.
    const madeUp = new URL(answer)
    madeUp.searchParams.set('state', 'forge.made-up')
    expect((await caller.person.open(madeUp)).status).toBe(400)
    const codes = () => forge.grants.filter((grant) => grant === 'authorization_code').length
    const before = codes()
    const pages = await Promise.all([caller.person.open(answer), caller.person.open(answer)])
    pages.push(await caller.person.open(answer))
    for (const { html } of pages) {
      expect(wordsIn(html)).toContain('Your The Forge account is linked')
    }
    expect(codes() - before).toBe(1)
  })

  test('on "Unlink": no button comes to lie under the second one', async () => {
    const caller = await linked('ursa')
    for (const _ of [1, 2]) {
      const page = await caller.person.post(address(), [['do', 'unlink']])
      expect(page.html).toContain('Your account is no longer linked')
      expect(page.html).not.toContain('<button')
    }
    expect(textOf(await call(caller.token))).toContain('needs the user')
  })
})

test('a refused token is renewed once, for all calls at a time, and the tool notices nothing', async () => {
  const caller = await linked('rita')
  await call(caller.token)
  forge.expireTokens()
  const before = forge.grants.length
  const answers = await Promise.all(Array.from({ length: 4 }, () => call(caller.token)))
  for (const got of answers) expect(JSON.parse(textOf(got))).toEqual({ sub: 'rita' })
  expect(forge.grants.slice(before)).toEqual(['refresh_token'])
})

test('the service is down: the tool may try again; it takes us no more: the person links anew', async () => {
  const caller = await linked('dora')
  await call(caller.token)
  forge.expireTokens()
  forge.trouble = 'down'
  expect(textOf(await call(caller.token))).toContain('cannot be reached')
  forge.trouble = 'refuses'
  expect(linkIn(textOf(await call(caller.token)))).toContain('/oauth/connections/forge')
  forge.trouble = 'none'
  const page = await link(caller, linkIn(textOf(await call(caller.token))), 'dora')
  expect(page.html).toContain('is linked')
  expect(JSON.parse(textOf(await call(caller.token)))).toEqual({ sub: 'dora' })
})

test('a person sees what they linked, and unlinks it: the next call is refused, and the service told', async () => {
  const caller = await linked('una')
  const list = await caller.person.open(`${platform.origin}/oauth/connections`)
  expect(list.html).toMatch(/The Forge<\/bdi><\/dt><dd>linked \d{4}-/)
  const tokens = forge.requests.length
  await caller.person.post(`${platform.origin}/oauth/connections/forge`, [['do', 'unlink']])
  expect(textOf(await call(caller.token))).toContain('needs the user')
  expect(forge.requests).toHaveLength(tokens)
})

test('a form from another site unlinks nothing (CSRF)', async () => {
  const caller = await linked('cleo')
  const answer = await fetch(`${platform.origin}/oauth/connections/forge`, {
    method: 'POST',
    headers: { origin: 'https://evil.example', cookie: caller.person.cookieHeader() },
    body: new URLSearchParams({ do: 'unlink' }),
  })
  expect(answer.status).toBe(403)
  expect(JSON.parse(textOf(await call(caller.token)))).toEqual({ sub: 'cleo' })
})

test.each([
  '/oauth/connections/nothing',
  '/oauth/connections/constructor',
  '/oauth/connections/..%2f',
])('%s is no service', async (path) => {
  const { person } = await signIn('ada@default')
  expect((await person.open(platform.origin + path)).status).toBe(404)
})
