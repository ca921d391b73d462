/**
 * Requests that share what counts once (a code, a token, an assertion, a proof, a handle, a link,
 * a key), sent at the same moment, with delays between every two steps: each is answered 2xx, 3xx
 * or 4xx, and what counts once counts once. A 5xx would tell an honest client that we are broken.
 */
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { ASSERTION_TYPE } from '../../../workers/oauth/machines/client-credentials.ts'
import {
  AuthorizationServer,
  ISSUER,
  REDIRECT_URI,
  redemptionOf,
  VERIFIER,
} from './_authorization-server.ts'

const ROUNDS = Array.from({ length: 8 }, (_, round) => round)
const CLIENT = 'https://client.example/app.json'
const MACHINE = 'machine_nightly'
const LINK_TOKEN = 'l'.repeat(43)

let as: AuthorizationServer
let key: { readonly privateKey: CryptoKey; readonly jwk: JWK }
let registered: string

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  key = { privateKey, jwk: { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k', use: 'sig' } }
  const machine = { servers: ['clock'], keys: [await exportJWK(publicKey)], introspects: true }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(LINK_TOKEN))
  const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0'))
  const untilSeconds = Math.floor(Date.now() / 1000) + 3600
  as = await AuthorizationServer.start({
    OWNER_LINK: `${hash.join('')}:${untilSeconds}:once`,
    MACHINE_nightly: JSON.stringify(machine),
  } as Partial<Cloudflare.Env>)
  await as.publish('clock')
  registered = await as.newClient()
})
beforeEach(() => {
  const document = {
    client_id: CLIENT,
    client_name: 'Documented client',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  }
  // The client's own site, the one thing here that is of the internet.
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json(document))
})
afterEach(() => vi.restoreAllMocks())

let users = 0
const newUser = (): string => `pair-${++users}`.padEnd(43, 'p')

async function assertion(clientId = CLIENT): Promise<Record<string, string>> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const claims = { iss: clientId, sub: clientId, aud: ISSUER, jti: crypto.randomUUID() }
  const jwt = new SignJWT({ ...claims, iat: nowSeconds, exp: nowSeconds + 60 })
  const signed = jwt.setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(key.privateKey)
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: await signed }
}

/** A proof of the test's key for one request to the token endpoint (RFC 9449 §4.2). */
async function proof(nonce: string): Promise<string> {
  const { kty, crv, x, y } = key.jwk as Record<string, string>
  const claims = { jti: crypto.randomUUID(), htm: 'POST', htu: `${ISSUER}/oauth/token`, nonce }
  return new SignJWT(claims)
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } as JWK })
    .sign(key.privateKey)
}

/** Sends them all at once. @returns the statuses, in order */
async function atOnce(requests: readonly (() => Promise<Response>)[]): Promise<number[]> {
  const answers = await Promise.all(requests.map((send) => send()))
  return answers.map(({ status }) => status).sort((a, b) => a - b)
}
const times = (count: number, send: () => Promise<Response>): Promise<number[]> =>
  atOnce(Array.from({ length: count }, () => send))
const repeat = (status: number, count: number): number[] =>
  Array.from({ length: count }, () => status)

const token = (form: Record<string, string>, headers?: Record<string, string>) =>
  as.post('/oauth/token', form, headers)

async function refreshTokenOf(user: string): Promise<string> {
  const code = await as.newCode(CLIENT, 'clock', user)
  const redeemed = await token({ ...redemptionOf(code), ...(await assertion()) })
  const body = await redeemed.json<{ refresh_token: string }>()
  expect(redeemed.status, JSON.stringify(body)).toBe(200)
  return body.refresh_token
}
const refreshing = (refreshToken: string) => ({
  grant_type: 'refresh_token',
  refresh_token: refreshToken,
})

it.each(ROUNDS)('one assertion, 8 refreshes: one counts, round %i (RFC 7523 §3)', async () => {
  const form = { ...refreshing(await refreshTokenOf(newUser())), ...(await assertion()) }
  expect(await times(8, () => token(form))).toEqual([200, ...repeat(401, 7)])
})

it('the loser of such a race is told what a later request with the assertion is told', async () => {
  const form = { ...refreshing(await refreshTokenOf(newUser())), ...(await assertion()) }
  const answers = await Promise.all([token(form), token(form)])
  const lost = answers.find(({ status }) => status !== 200)
  const later = await token(form)
  expect(lost?.status).toBe(later.status)
  expect(await lost?.json()).toEqual(await later.json())
  expect(lost?.headers.get('dpop-nonce')).not.toBeNull()
})

it.each(ROUNDS)('one assertion, 8 redemptions of its code: one token, round %i', async () => {
  const code = await as.newCode(CLIENT, 'clock', newUser())
  const form = { ...redemptionOf(code), ...(await assertion()) }
  expect(await times(8, () => token(form))).toEqual([200, ...repeat(401, 7)])
})

it.each(ROUNDS)('one refresh token, an assertion each: all are answered, round %i', async () => {
  const form = refreshing(await refreshTokenOf(newUser()))
  const forms = await Promise.all([1, 2, 3].map(async () => ({ ...form, ...(await assertion()) })))
  expect(await atOnce(forms.map((each) => () => token(each)))).toEqual([200, 200, 200])
})

it.each(ROUNDS)('one assertion, refresh beside revocation: one counts, round %i', async () => {
  const refreshToken = await refreshTokenOf(newUser())
  const proofOfClient = await assertion()
  const statuses = await atOnce([
    () => token({ ...refreshing(refreshToken), ...proofOfClient }),
    () => as.post('/oauth/revoke', { token: refreshToken, ...proofOfClient }),
  ])
  expect(statuses).toEqual([200, 401])
})

it.each(ROUNDS)('a refresh beside the revocation of its family, round %i', async () => {
  const { refresh_token } = await as.signIn(registered, 'clock', newUser())
  const client = { client_id: registered }
  const statuses = await atOnce([
    () => as.post('/oauth/revoke', { token: refresh_token, ...client }),
    () => token({ ...refreshing(refresh_token), ...client }),
    () => as.post('/oauth/revoke', { token: refresh_token, ...client }),
    () => token({ ...refreshing(refresh_token), ...client }),
  ])
  expect(statuses.filter((status) => status !== 200 && status !== 400)).toEqual([])
  const after = await token({ ...refreshing(refresh_token), ...client })
  expect(after.status).toBe(400)
})

it.each(ROUNDS)('one proof, 8 refreshes: one counts, round %i (RFC 9449 §11.1)', async () => {
  const { refresh_token } = await as.signIn(registered, 'clock', newUser())
  const form = { ...refreshing(refresh_token), client_id: registered }
  const nonce = String((await token({})).headers.get('dpop-nonce'))
  const headers = { DPoP: await proof(nonce) }
  expect(await times(8, () => token(form, headers))).toEqual([200, ...repeat(400, 7)])
})

it.each(ROUNDS)('one assertion of a machine, 8 requests: one token, round %i', async () => {
  const form = {
    grant_type: 'client_credentials',
    resource: `${ISSUER}/clock/mcp`,
    ...(await assertion(MACHINE)),
  }
  expect(await times(8, () => token(form))).toEqual([200, ...repeat(401, 7)])
})

it.each(ROUNDS)('one assertion of a machine: a token beside introspection, round %i', async () => {
  const proofOfMachine = await assertion(MACHINE)
  const asked = { grant_type: 'client_credentials', resource: `${ISSUER}/clock/mcp` }
  const statuses = await atOnce([
    () => token({ ...asked, ...proofOfMachine }),
    () => as.post('/oauth/introspect', { token: 'x.y.z', ...proofOfMachine }),
  ])
  expect(statuses).toEqual([200, 401])
})

/** What a browser keeps of an answer. */
const cookiesOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')

/** Signs the owner in, by the link that counts once. @returns the session's cookie */
const ownerSession = (() => {
  let signedIn: Promise<string> | undefined
  const signIn = async (): Promise<string> => {
    const redeem = () => as.post('/login/owner', { token: LINK_TOKEN })
    const answers = await Promise.all(Array.from({ length: 8 }, redeem))
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
    expect(statuses).toEqual([303, ...repeat(403, 7)])
    return cookiesOf(answers.find(({ status }) => status === 303) as Response)
  }
  return () => (signedIn ??= signIn())
})()

it('one owner link, 8 sign-ins: one counts', async () => {
  expect(await ownerSession()).toContain('mcp-edge-session')
})

/** A consent page that the owner has opened: what posts an answer to it. */
async function consent(): Promise<(decision: string) => Promise<Response>> {
  const session = await ownerSession()
  const url = new URL('/oauth/authorize', ISSUER)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(VERIFIER))
  const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: registered,
    redirect_uri: REDIRECT_URI,
    resource: `${ISSUER}/clock/mcp`,
    code_challenge: challenge.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    code_challenge_method: 'S256',
  }).toString()
  const page = await as.send(new Request(url, { headers: { cookie: session } }))
  const handle = /name="handle" value="([^"]+)"/.exec(await page.text())?.[1]
  expect(handle).toBeDefined()
  const cookie = `${session}; ${cookiesOf(page)}`
  return (decision) =>
    as.post('/oauth/authorize', { handle: String(handle), decision }, { cookie, origin: ISSUER })
}

it.each(ROUNDS)('one consent page, 4 times Allow beside 4 times Deny, round %i', async () => {
  const decide = await consent()
  const decisions = ['approve', 'deny', 'approve', 'deny', 'approve', 'deny', 'approve', 'deny']
  const statuses = await atOnce(decisions.map((decision) => () => decide(decision)))
  expect(statuses[0]).toBeLessThan(400)
  expect(statuses.filter((status) => status >= 500)).toEqual([])
})

it.each(ROUNDS)('everything ended at once from two tabs, beside a refresh, round %i', async () => {
  const cookie = await ownerSession()
  const end = () => as.post('/account', { all: '1' }, { cookie, origin: ISSUER })
  const decide = await consent()
  const code = new URL(String((await decide('approve')).headers.get('location'))).searchParams
  const client = { client_id: registered }
  const redeemed = await token({ ...redemptionOf(String(code.get('code'))), ...client })
  const { refresh_token } = await redeemed.json<{ refresh_token: string }>()
  const refresh = () => token({ ...refreshing(refresh_token), ...client })
  const statuses = await atOnce([end, refresh, end, refresh])
  expect(statuses.filter((status) => ![200, 303, 400].includes(status))).toEqual([])
  expect((await refresh()).status).toBe(400)
})
