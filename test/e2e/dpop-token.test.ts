/**
 * DPoP at the token endpoint (RFC 9449 §5, §8, §10): the negative checklist, one
 * test a row. Titles begin with the row's number.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BROKEN_PROOFS, GOOD_PROOFS, makeProof, newProofKey } from '../_proofs.ts'
import {
  BAD_NONCES,
  codeForm,
  fetchNonce,
  refreshForm,
  requestToken,
  tokenProof,
  useElsewhere,
  type TokenAnswer,
} from './_dpop.ts'
import { approve, begin, discover, registerClient, type Flow } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

const key = newProofKey()
let platform: Platform
/** Of one grant that is bound to `key`. */
let flow: Flow
let refreshToken: string | undefined

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/vault'] })
  await fetchNonce(platform)
  // Who is asked for becomes known.
  await fetch(platform.mcpUrl('vault'), { method: 'POST' })
  flow = await newFlow()
  const answer = await redeem(flow, tokenProof(platform, key))
  refreshToken = answer.json.refresh_token
})
afterAll(() => platform.close())
beforeEach(() => fetchNonce(platform))

const newFlow = (query: Record<string, string> = {}, known?: Flow['client']): Promise<Flow> =>
  begin(platform.origin, { resource: platform.mcpUrl('clock').href, ...query }, known)

const consent = (of: Flow): Promise<URL> =>
  approve(new Person(platform.origin), of, platform.ownerToken)

async function redeem(of: Flow, proof?: string): Promise<TokenAnswer> {
  return requestToken(platform, codeForm(of, await consent(of)), proof)
}
/** The grant goes on: each refresh that works hands over the next token. */
async function refresh(proof?: string | string[]): Promise<TokenAnswer> {
  const answer = await requestToken(platform, refreshForm(flow, refreshToken), proof)
  refreshToken = answer.json.refresh_token ?? refreshToken
  return answer
}

function expectRefusal(answer: TokenAnswer, error: string): void {
  expect(answer.json).toMatchObject({ error })
  expect(answer.status).toBe(400)
  expect(answer.json).not.toHaveProperty('access_token')
  expect(answer.headers['dpop-nonce']).toMatch(/^[\w-]{22}$/)
  expect(answer.headers['cache-control']).toContain('no-store')
}

const claimsOf = ({ json }: TokenAnswer): unknown =>
  JSON.parse(Buffer.from(String(json.access_token).split('.')[1] ?? '', 'base64url').toString())

test('a token request with a proof gets a bound token (§5, §6.1)', async () => {
  const answer = await refresh(tokenProof(platform, key))
  expect(answer.status).toBe(200)
  expect(answer.json.token_type).toBe('DPoP')
  expect(claimsOf(answer)).toMatchObject({ cnf: { jkt: key.jkt } })
})

test('without a proof, and nothing that asks for one, the token is Bearer', async () => {
  const answer = await redeem(await newFlow())
  expect(answer.json.token_type).toBe('Bearer')
  expect(claimsOf(answer)).not.toHaveProperty('cnf')
})

describe('refused as invalid_dpop_proof, and the grant lives on', () => {
  test.each(BROKEN_PROOFS)('%s', async (_, change) => {
    expectRefusal(await refresh(tokenProof(platform, key, change)), 'invalid_dpop_proof')
    expect((await refresh(tokenProof(platform, key))).status).toBe(200)
  })

  test('row 1: two DPoP headers, both good', async () => {
    const proofs = [tokenProof(platform, key), tokenProof(platform, key)]
    expectRefusal(await refresh(proofs), 'invalid_dpop_proof')
  })

  test('row 13: the same proof twice', async () => {
    const proof = tokenProof(platform, key)
    expect((await refresh(proof)).status).toBe(200)
    expectRefusal(await refresh(proof), 'invalid_dpop_proof')
    expect((await refresh(tokenProof(platform, key))).status).toBe(200)
  })

  test('row 13: a proof that another isolate saw', async () => {
    const proof = tokenProof(platform, key)
    await useElsewhere(platform, key, proof)
    expectRefusal(await refresh(proof), 'invalid_dpop_proof')
  })

  test('row 13: the same proof again after an eviction', async () => {
    const other = newProofKey()
    const own = await newFlow()
    const form = codeForm(own, await consent(own))
    const proof = tokenProof(platform, other)
    const first = await requestToken(platform, form, proof)
    const objects = platform.worker('mcp-edge-objects')
    await objects.evictDurableObject('ReplayObject', { name: other.jkt })
    const again = refreshForm(own, first.json.refresh_token)
    expectRefusal(await requestToken(platform, again, proof), 'invalid_dpop_proof')
  })

  test('row 15: a public client refreshes without a proof', async () => {
    expectRefusal(await refresh(), 'invalid_dpop_proof')
    expect((await refresh(tokenProof(platform, key))).status).toBe(200)
  })

  test('row 16: a code that is bound to a key comes without a proof', async () => {
    const bound = await newFlow({ dpop_jkt: key.jkt })
    const form = codeForm(bound, await consent(bound))
    expectRefusal(await requestToken(platform, form), 'invalid_dpop_proof')
    const proof = tokenProof(platform, key)
    expect((await requestToken(platform, form, proof)).status).toBe(200)
  })

  test('a client registered with dpop_bound_access_tokens sends none (§5.2)', async () => {
    const client = await registerClient(await discover(platform.origin), {
      dpop_bound_access_tokens: true,
    })
    expect(client['dpop_bound_access_tokens']).toBe(true)
    const own = await newFlow({}, client)
    const form = codeForm(own, await consent(own))
    expectRefusal(await requestToken(platform, form), 'invalid_dpop_proof')
    const proof = tokenProof(platform, key)
    expect((await requestToken(platform, form, proof)).json.token_type).toBe('DPoP')
  })

  test('the server’s policy says dpop: required, and none comes', async () => {
    const own = await newFlow({ resource: platform.mcpUrl('vault').href })
    const form = codeForm(own, await consent(own))
    expectRefusal(await requestToken(platform, form), 'invalid_dpop_proof')
    const proof = tokenProof(platform, key)
    expect((await requestToken(platform, form, proof)).json.token_type).toBe('DPoP')
  })
})

describe('accepted', () => {
  test.each(GOOD_PROOFS)('%s', async (_, change) => {
    expect((await refresh(tokenProof(platform, key, change))).status).toBe(200)
  })
})

describe('refused as invalid_grant: only a thief does this, so the grant ends', () => {
  test('row 15: a public client refreshes with another key', async () => {
    const own = await newFlow()
    const token = (await redeem(own, tokenProof(platform, key))).json.refresh_token
    const form = refreshForm(own, token)
    const stranger = tokenProof(platform, newProofKey())
    expectRefusal(await requestToken(platform, form, stranger), 'invalid_grant')
    expectRefusal(await requestToken(platform, form, tokenProof(platform, key)), 'invalid_grant')
  })

  test('row 16: dpop_jkt at authorize, another key at the token endpoint', async () => {
    const own = await newFlow({ dpop_jkt: key.jkt })
    const form = codeForm(own, await consent(own))
    const stranger = tokenProof(platform, newProofKey())
    expectRefusal(await requestToken(platform, form, stranger), 'invalid_grant')
    expectRefusal(await requestToken(platform, form, tokenProof(platform, key)), 'invalid_grant')
  })

  test('row 17: a code exchanged with proof A comes again with proof B', async () => {
    const own = await newFlow()
    const form = codeForm(own, await consent(own))
    const first = await requestToken(platform, form, tokenProof(platform, key))
    const again = tokenProof(platform, newProofKey())
    expectRefusal(await requestToken(platform, form, again), 'invalid_grant')
    const refreshed = refreshForm(own, first.json.refresh_token)
    const proof = tokenProof(platform, key)
    expectRefusal(await requestToken(platform, refreshed, proof), 'invalid_grant')
  })
})

test('row 15: a confidential client authenticates, so it may refresh onto a new key (§5)', async () => {
  const client = await registerClient(await discover(platform.origin), {
    token_endpoint_auth_method: 'client_secret_post',
  })
  const own = await newFlow({}, client)
  const secret = { client_secret: client['client_secret'] as string }
  const form = { ...codeForm(own, await consent(own)), ...secret }
  const first = await requestToken(platform, form, tokenProof(platform, key))
  const next = newProofKey('Ed25519')
  const refreshed = { ...refreshForm(own, first.json.refresh_token), ...secret }
  const answer = await requestToken(platform, refreshed, tokenProof(platform, next))
  expect(claimsOf(answer)).toMatchObject({ cnf: { jkt: next.jkt } })
})

describe('row 14: the nonce', () => {
  test.each(BAD_NONCES)('%s: use_dpop_nonce, and a good one beside it (§8)', async (_, nonceOf) => {
    const url = `${platform.origin}/oauth/token`
    const nonce = await nonceOf(platform.origin)
    const refused = await refresh(makeProof(key, { url, nonce }))
    expectRefusal(refused, 'use_dpop_nonce')
    const given = String(refused.headers['dpop-nonce'])
    expect((await refresh(makeProof(key, { url, nonce: given }))).status).toBe(200)
  })

  test('every answer brings one, also to pages of other origins (§8.2)', async () => {
    const answer = await requestToken(platform, {}, undefined, { origin: 'https://app.example' })
    expect(answer.json.error).toBe('invalid_client')
    expect(answer.headers['dpop-nonce']).toBeDefined()
    expect(answer.headers['access-control-expose-headers']).toContain('DPoP-Nonce')
  })
})

test('the alias /token is a target of its own', async () => {
  const url = `${platform.origin}/token`
  const proof = () => makeProof(key, { url, nonce: String(nonce) })
  const nonce = await fetchNonce(platform)
  expectRefusal(await refresh(proof()), 'invalid_dpop_proof')
  const got = await fetch(url, {
    method: 'POST',
    headers: { DPoP: proof() },
    body: new URLSearchParams(refreshForm(flow, refreshToken)),
  })
  refreshToken = ((await got.json()) as { refresh_token: string }).refresh_token
  expect(got.status).toBe(200)
})

test.each([
  ['short', ['a']],
  ['given twice', [key.jkt, newProofKey().jkt]],
])('row 16: a dpop_jkt that is %s is refused before anybody signs in', async (_, jkts) => {
  const { authorizeUrl } = await newFlow()
  for (const jkt of jkts) authorizeUrl.searchParams.append('dpop_jkt', jkt)
  const page = await new Person(platform.origin).open(authorizeUrl)
  expect(page.status).toBe(400)
  expect(page.html).toContain('dpop_jkt must be one SHA-256 thumbprint of a JWK')
})

test('a registration whose dpop_bound_access_tokens is no boolean is refused (RFC 7591 §3.2.2)', async () => {
  const metadata = { dpop_bound_access_tokens: 'yes' }
  const registering = registerClient(await discover(platform.origin), metadata)
  await expect(registering).rejects.toMatchObject({ error: 'invalid_client_metadata' })
})

test('metadata names the algorithms (§5.1)', async () => {
  const as = await discover(platform.origin)
  expect(as.dpop_signing_alg_values_supported).toEqual(['ES256', 'Ed25519', 'EdDSA'])
})
