/** A thousand mutated proofs: never a 5xx, never a token, never an answer of the tool; `npm run test:long`: ten thousand. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProof, newProofKey, type Draft } from '../_proofs.ts'
import { boundToken, callTool, codeForm, fetchNonce, refreshForm, requestToken } from './_dpop.ts'
import { approve, begin, type Flow } from './_oauth-client.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

/** Each is sent to both ends. */
const RUNS = process.env['TEST_LONG'] ? 5_000 : 500

const key = newProofKey()
let platform: Platform
let flow: Flow
let refreshToken: string | undefined
let accessToken: string
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  const nonce = await fetchNonce(platform)
  flow = await begin(platform.origin, { resource: platform.mcpUrl('clock').href })
  const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
  const proof = makeProof(key, { url: `${platform.origin}/oauth/token`, nonce })
  refreshToken = (await requestToken(platform, codeForm(flow, callback), proof)).json.refresh_token
  accessToken = await boundToken(platform, 'trouble', key)
})
afterAll(() => platform.close())

type Mutation = (draft: Draft) => void

const changed = (part: 'header' | 'claims', members: string[]) =>
  fc
    .record({ member: fc.constantFrom(...members), value: fc.jsonValue({ maxDepth: 2 }) })
    // Another long `jti` is no defect.
    .filter(
      ({ member, value }) => member !== 'jti' || typeof value !== 'string' || value.length < 8,
    )
    .map(({ member, value }): Mutation => (draft) => {
      draft[part][member] = value
    })
const removed = fc
  .constantFrom('typ', 'alg', 'jwk', 'jti', 'htm', 'htu', 'iat', 'nonce')
  .map((member): Mutation => (draft) => {
    delete draft.header[member]
    delete draft.claims[member]
  })
const jwkMember = fc
  .record({ member: fc.constantFrom('kty', 'crv', 'x', 'y', 'd', 'k'), value: fc.jsonValue() })
  .map(({ member, value }): Mutation => (draft) => {
    draft.header['jwk'] = { ...(draft.header['jwk'] as object), [member]: value }
  })
/** Never the ends: a header's outer spaces mean nothing, nor do a signature's last bits. */
const garbled = fc
  .record({
    at: fc.integer({ min: 1, max: 350 }),
    text: fc.string({ unit: 'grapheme-ascii', minLength: 2, maxLength: 8 }),
  })
  .map(({ at, text }): Mutation => (draft) => {
    draft.finish = (proof) => proof.slice(0, at) + text + proof.slice(at)
  })
/** Of these, one alone makes a proof bad. */
const mutations = fc.array(
  fc.oneof(
    changed('header', ['typ', 'alg', 'jwk', 'crit']),
    changed('claims', ['jti', 'htm', 'htu', 'iat', 'nonce']),
    removed,
    jwkMember,
    garbled,
  ),
  { minLength: 1, maxLength: 3 },
)
const all = (mutation: Mutation[]) => (draft: Draft) => {
  for (const change of mutation) change(draft)
}

test('at the token endpoint, and the grant outlives them all', async () => {
  const url = `${platform.origin}/oauth/token`
  const request = async (change?: Mutation) => {
    const proof = makeProof(key, { url, nonce: await fetchNonce(platform) }, change)
    return requestToken(platform, refreshForm(flow, refreshToken), proof)
  }
  await fc.assert(
    fc.asyncProperty(mutations, async (mutation) => {
      const answer = await request(all(mutation))
      expect(answer.status).toBe(400)
      expect(answer.text).not.toContain('access_token')
    }),
    { numRuns: RUNS },
  )
  expect((await request()).status).toBe(200)
})

test('at the router', async () => {
  const url = platform.mcpUrl('trouble')
  const request = async (change?: Mutation) => {
    const proof = makeProof(key, { url, nonce: await fetchNonce(platform), accessToken }, change)
    const authorization = `DPoP ${accessToken}`
    return callTool(platform, { server: 'trouble', tool: 'recorded', authorization, proof })
  }
  await fc.assert(
    fc.asyncProperty(mutations, async (mutation) => {
      const got = await request(all(mutation))
      expect(got.status).toBe(401)
      expect(got.text).not.toContain('result')
    }),
    { numRuns: RUNS },
  )
  expect((await request()).status).toBe(200)
})
