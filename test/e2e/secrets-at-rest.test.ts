/**
 * Nothing secret at rest in plaintext: after every kind of sign-in and grant, no file
 * of the platform's storage holds any token, code, key or secret that was used.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import { openRefreshToken } from '../../workers/oauth/token/refresh-token.ts'
import { newProofKey } from '../_proofs.ts'
import { codeForm, fetchNonce, refreshForm, requestToken, tokenProof } from './_dpop.ts'
import { IDP_CLIENT, signInAtIdp, startIdp, type Idp } from './_idp.ts'
import {
  assertionClaims,
  ASSERTION_TYPE,
  basic,
  hashOf,
  newMachineKey,
  newSecret,
  postForm,
  signAssertion,
} from './_machines.ts'
import { begin, discover, registerClient } from './_oauth-client.ts'
import { decide, inputs, Person, signInAsOwner } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

const CLIENT_NAME = 'A name that is no secret'
/** Of a secret: as much as nobody guesses, and less than a page of SQLite may cut off. */
const PIECE_CHARS = 20

/** Everything in it is the platform's storage: nothing else makes files there. */
const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-at-rest-'))
const secret = newSecret()
const secrets = new Map<string, string>()
const key = newProofKey()
let idp: Idp
let platform: Platform

function note(what: string, value: unknown): string {
  if (typeof value !== 'string' || value.length < PIECE_CHARS) throw new Error(`no ${what}`)
  secrets.set(what, value)
  return value
}

beforeAll(async () => {
  const [before, machineKey] = [process.env['TMPDIR'], await newMachineKey()]
  process.env['TMPDIR'] = folder
  idp = await startIdp()
  platform = await startPlatform({
    vars: { oauth: { OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: IDP_CLIENT.id } },
    secrets: {
      oauth: {
        OIDC_CLIENT_SECRET: IDP_CLIENT.secret,
        MACHINE_ci: JSON.stringify({ servers: ['clock'], secrets: [hashOf(secret)] }),
        MACHINE_bot: JSON.stringify({ servers: ['clock'], keys: [machineKey.publicJwk] }),
      },
    },
  })
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  idp.serve(platform.origin)
  await fetchNonce(platform)
  note('owner token', platform.ownerToken)
  note('IdP client secret', IDP_CLIENT.secret)
  await ownKeys()
  await byOwnerLink()
  await byIdp()
  await asMachine(machineKey)
})
afterAll(async () => {
  await platform.close()
  await idp.close()
  rmSync(folder, { recursive: true, force: true })
})

async function ownKeys(): Promise<void> {
  const { router, oauth } = await devSecrets()
  note('token key', (JSON.parse(oauth.TOKEN_KEYS) as { d: string }[])[0]?.d)
  note('seal secret of oauth', oauth.SEAL_SECRETS.split(':')[1])
  note('seal secret of the router', router.SEAL_SECRETS.split(':')[1])
  note('nonce secret', oauth.DPOP_SECRET)
  note('capability secret', router.CAPABILITY_SECRETS.split(':')[1])
  note(
    'signing key',
    (JSON.parse(router.SIGNING_KEY) as { privateJwk: { d: string } }).privateJwk.d,
  )
}

/** A confidential client whose tokens are bound to a key; code, refresh, the answer asked again. */
async function byOwnerLink(): Promise<void> {
  const client = await registerClient(await discover(platform.origin), {
    client_name: CLIENT_NAME,
    token_endpoint_auth_method: 'client_secret_post',
  })
  const client_secret = note('client secret', client['client_secret'])
  const person = new Person(platform.origin)
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  await consent('owner', person, client, { client_secret })
}

async function byIdp(): Promise<void> {
  const person = new Person(platform.origin, idp.issuer)
  const client = await registerClient(await discover(platform.origin), { client_name: CLIENT_NAME })
  const flow = await begin(platform.origin, { resource: platform.mcpUrl('clock').href }, client)
  const login = await person.open(flow.authorizeUrl)
  note('pending sign-in', /sign-in=([0-9a-f]{64})/.exec(person.cookieHeader())?.[1])
  const atIdp = new URL(login.url)
  expect(atIdp.origin).toBe(idp.issuer)
  await signInAtIdp(person, login, 'alice@default')
  await consent('idp', person, client, {})
  // One that is never finished, and stays.
  const lost = new Person(platform.origin)
  await lost.open(flow.authorizeUrl)
  note('pending sign-in left', /sign-in=([0-9a-f]{64})/.exec(lost.cookieHeader())?.[1])
}

async function consent(
  who: string,
  person: Person,
  client: { client_id: string },
  more: Record<string, string>,
): Promise<void> {
  const flow = await begin(platform.origin, { resource: platform.mcpUrl('clock').href }, client)
  const page = await person.open(flow.authorizeUrl)
  note(`${who}: session`, /session=([^;]+)/.exec(person.cookieHeader())?.[1])
  note(`${who}: consent handle`, inputs(page.html, 'handle')[0])
  note(`${who}: PKCE verifier`, flow.verifier)
  const { leftFor } = await decide(person, page, 'approve')
  // Person and grant, before it, are names.
  note(`${who}: code`, leftFor?.searchParams.get('code')?.split(':')[2])
  const form = { ...codeForm(flow, leftFor as URL), ...more }
  const first = await tokens(`${who}: first`, form)
  const again = { ...refreshForm(flow, first), ...more }
  const second = await tokens(`${who}: second`, again)
  await tokens(`${who}: second, asked again`, again)
  await tokens(`${who}: third`, { ...refreshForm(flow, second), ...more })
}

/** @returns the refresh token */
async function tokens(what: string, form: Record<string, string>): Promise<string> {
  const { json } = await requestToken(platform, form, tokenProof(platform, key))
  note(`${what} access token`, json.access_token)
  const refreshToken = note(`${what} refresh token`, json.refresh_token)
  const keys = await deriveSealKeys((await devSecrets()).oauth.SEAL_SECRETS, 'oauth/refresh')
  const inner = await openRefreshToken(keys, refreshToken)
  note(`${what} refresh token, opened`, inner?.text.split(':')[2])
  return refreshToken
}

async function asMachine(machineKey: Awaited<ReturnType<typeof newMachineKey>>): Promise<void> {
  note('machine secret', secret)
  const grant = { grant_type: 'client_credentials' }
  const headers = { authorization: basic('machine_ci', secret) }
  const bySecret = await postForm(platform, '/oauth/token', grant, headers)
  note('machine token', bySecret.json['access_token'])
  const claims = assertionClaims(platform.origin, 'machine_bot')
  const client_assertion = note('assertion', await signAssertion(machineKey, claims))
  note('jti of the assertion', claims['jti'])
  const form = { ...grant, client_assertion, client_assertion_type: ASSERTION_TYPE }
  const byKey = await postForm(platform, '/oauth/token', form)
  note('second machine token', byKey.json['access_token'])
}

const storage = (): { path: string; bytes: Buffer }[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\/(do|kv|cache|r2|d1)(\/|$)/.test(entry.parentPath))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, bytes: readFileSync(path) }))

/** Overlapping pieces: a value may lie across pages. */
const piecesOf = (value: string): string[] =>
  Array.from({ length: Math.ceil((value.length - PIECE_CHARS) / 10) + 1 }, (_, n) =>
    value.slice(n * 10, n * 10 + PIECE_CHARS),
  ).filter(({ length }) => length === PIECE_CHARS)

test('what is searched is the storage: what is no secret is found there', () => {
  const files = storage()
  expect(files.some(({ path }) => path.includes('GrantStore'))).toBe(true)
  expect(files.some(({ bytes }) => bytes.includes(CLIENT_NAME))).toBe(true)
  expect(secrets.size).toBeGreaterThan(35)
})

test('no token, code, key or secret is', () => {
  const files = storage()
  const found = [...secrets].flatMap(([what, value]) => {
    const pieces = piecesOf(value)
    const holds = ({ bytes }: { bytes: Buffer }) => pieces.some((piece) => bytes.includes(piece))
    return files.filter(holds).map(({ path }) => `${what} in ${path.slice(folder.length)}`)
  })
  expect(found).toEqual([])
})
