/**
 * A thousand mutated tokens, token requests and authorization requests: never a 5xx, never
 * a token, never another principal. Ten thousand in `npm run test:long`.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeyJson } from './_api-key.ts'
import { refreshForm } from './_dpop.ts'
import { startIssuer, type Issuer } from './_issuer.ts'
import { approve, begin, redeem, REDIRECT_URI, type Flow } from './_oauth-client.ts'
import { Person, signInAsOwner } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { modern, send } from './_wire.ts'

const TIMES = process.env['TEST_LONG'] ? 10 : 1
const TIMEOUT_MS = 120_000 * TIMES

let platform: Platform
let issuer: Issuer
let url: URL
let credentials: { credential: string; subject: string }[]
beforeAll(async () => {
  issuer = await startIssuer()
  platform = await startPlatform({
    authorServers: ['test/servers/identity'],
    vars: {
      oauth: { API_KEYS: 'on', TRUSTED_ISSUERS: JSON.stringify([{ issuer: issuer.issuer }]) },
    },
  })
  url = platform.mcpUrl('identity')
  await fetch(url, { method: 'POST' })
  const make = ['create', '--name', 'fuzz', '--subject', 'bot', '--server', 'identity']
  const given = [
    await mintToken(url),
    (await apiKeyJson(platform, ...make)).key,
    await issuer.token({ aud: url.href }),
  ]
  credentials = await Promise.all(
    given.map(async (credential) => ({ credential, subject: (await whoami(credential)).subject })),
  )
})
afterAll(async () => {
  await platform.close()
  await issuer.close()
})

async function whoami(
  credential: string,
): Promise<{ status: number; subject: string; text: string }> {
  const { headers, body } = modern('tools/call', { name: 'whoami', arguments: {} })
  const all = { ...headers, authorization: `Bearer ${credential}` }
  const { status, text, message } = await send(platform.origin, {
    path: url.pathname,
    headers: all,
    body,
  })
  const said = message.result?.content?.[0]?.text
  const { subject = '' } = (said === undefined ? {} : JSON.parse(said)) as { subject?: string }
  return { status, subject, text }
}

/** What a header may carry without being cut in two by the client that sends it. */
const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 12 })
type TextChange = (text: string) => string
const place = fc.double({ min: 0, max: 1, noNaN: true })
const textChange: fc.Arbitrary<TextChange> = fc.oneof(
  fc.tuple(place, printable).map(([at, text]): TextChange => (from) => {
    const cut = Math.floor(at * from.length)
    return from.slice(0, cut) + text + from.slice(cut)
  }),
  fc.tuple(place, place).map(
    ([from, to]): TextChange =>
      (text) =>
        text.slice(0, Math.floor(from * text.length)) + text.slice(Math.floor(to * text.length)),
  ),
  fc
    .tuple(place, fc.constantFrom('A', 'a', '0', '_', '-', '.'))
    .map(([at, character]): TextChange => (text) => {
      const cut = Math.floor(at * text.length)
      return text.slice(0, cut) + character + text.slice(cut + 1)
    }),
)
const MEMBERS = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'scope',
  'tenant',
  'gid',
  'cnf',
  'claims',
  'client_id',
]
const HEADER_MEMBERS = ['alg', 'typ', 'kid', 'crit', 'jwk', 'jku', 'x5c', 'b64', 'zip']
/** The parts of a JWT said otherwise, under the signature it had. */
/** Another change may have made it what is no JSON. */
function jsonOf(part: string): object {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as object
  } catch {
    return {}
  }
}
const jwtChange: fc.Arbitrary<TextChange> = fc
  .record({
    part: fc.constantFrom(0, 1),
    member: fc.constantFrom(...MEMBERS, ...HEADER_MEMBERS),
    value: fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('none', 'HS256', 'admin', 'platform', 'anonymous', 0, 4_000_000_000),
    ),
  })
  .map(({ part, member, value }): TextChange => (token) => {
    const parts = token.split('.')
    const said = parts[part]
    if (parts.length !== 3 || said === undefined) return `${token}.`
    const changed = {
      ...jsonOf(said),
      [member]: value,
    }
    parts[part] = Buffer.from(JSON.stringify(changed)).toString('base64url')
    return parts.join('.')
  })

test(
  'credentials at the router: whoever is let in is who the credential names',
  { timeout: TIMEOUT_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 2 }),
        fc.array(fc.oneof(textChange, jwtChange), { minLength: 1, maxLength: 3 }),
        async (which, changes) => {
          const { credential, subject } = credentials[which] ?? { credential: '', subject: '' }
          let mutated = credential
          for (const change of changes) mutated = change(mutated)
          const got = await whoami(mutated)
          // A change may be none (a bit that base64url ignores): then nothing changed.
          if (got.status === 200) {
            expect(got.subject).toBe(subject)
            return
          }
          expect([400, 401]).toContain(got.status)
          expect(got.text).not.toContain('"result"')
        },
      ),
      { numRuns: 400 * TIMES },
    )
    for (const { credential, subject } of credentials) {
      expect(await whoami(credential)).toMatchObject({ status: 200, subject })
    }
  },
)

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    'null',
    '__proto__',
    '%00',
    '\u0000',
    '../..',
    'a'.repeat(5_000),
    ':',
    'a:b:c',
    '::',
  ),
)
type Field = { name: string; values: string[] }
const fields = (...names: string[]): fc.Arbitrary<Field[]> =>
  fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      /** None leaves the field out, two send it twice. */
      values: fc.array(anyText, { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
function withFields(base: Record<string, string>, changes: Field[]): URLSearchParams {
  const form = new URLSearchParams(base)
  for (const { name, values } of changes) {
    form.delete(name)
    for (const value of values) form.append(name, value)
  }
  return form
}

async function signedInFlow(): Promise<{ flow: Flow; person: Person }> {
  const person = new Person(platform.origin)
  return { person, flow: await begin(platform.origin, { resource: url.href }) }
}

test(
  'requests to the token endpoint: no token, and the grant outlives them all',
  { timeout: TIMEOUT_MS },
  async () => {
    const { flow, person } = await signedInFlow()
    const tokens = await redeem(flow, await approve(person, flow, platform.ownerToken))
    const good = refreshForm(flow, tokens.refresh_token)
    const post = (body: URLSearchParams) =>
      fetch(`${platform.origin}/oauth/token`, { method: 'POST', body })
    const changes = fc.tuple(
      fields('grant_type', 'refresh_token', 'client_id'),
      fc.option(
        fields(
          'resource',
          'scope',
          'code',
          'redirect_uri',
          'code_verifier',
          'client_secret',
          'client_assertion',
          'client_assertion_type',
        ),
      ),
    )
    await fc.assert(
      fc.asyncProperty(changes, async ([needed, more]) => {
        const answer = await post(withFields(good, [...needed, ...(more ?? [])]))
        const text = await answer.text()
        expect([400, 401, 413]).toContain(answer.status)
        expect(text).not.toContain('access_token')
        expect(JSON.parse(text)).toHaveProperty('error')
      }),
      { numRuns: 300 * TIMES },
    )
    expect((await post(new URLSearchParams(good))).status).toBe(200)
  },
)

test(
  'requests to the authorization endpoint: no code, and no way to an address nobody registered',
  { timeout: TIMEOUT_MS },
  async () => {
    const { flow, person } = await signedInFlow()
    await signInAsOwner(person, platform.origin, platform.ownerToken)
    const base = Object.fromEntries(flow.authorizeUrl.searchParams)
    const changes = fields(
      'response_type',
      'client_id',
      'redirect_uri',
      'state',
      'code_challenge',
      'code_challenge_method',
      'resource',
      'scope',
      'dpop_jkt',
      'prompt',
      'request',
      'nonce',
    )
    await fc.assert(
      fc.asyncProperty(changes, async (changed) => {
        const address = new URL(flow.authorizeUrl)
        address.search = withFields(base, changed).toString()
        const page = await person.open(address)
        expect(page.status).toBeLessThan(500)
        if (!page.leftFor) return
        expect(page.leftFor.href.startsWith(`${REDIRECT_URI}?`)).toBe(true)
        expect(page.leftFor.searchParams.get('code')).toBeNull()
        expect(page.leftFor.searchParams.get('error')).not.toBeNull()
      }),
      { numRuns: 300 * TIMES },
    )
    expect((await person.open(flow.authorizeUrl)).html).toContain('name="handle"')
  },
)
