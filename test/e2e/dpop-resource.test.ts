/**
 * DPoP at the router (RFC 9449 §7, §9): the negative checklist, one test a row.
 * Titles begin with the row's number.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BROKEN_PROOFS, GOOD_PROOFS, makeProof, newProofKey } from '../_proofs.ts'
import {
  BAD_NONCES,
  boundToken,
  callProof,
  callTool,
  fetchNonce,
  nonceNow,
  useElsewhere,
} from './_dpop.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, MODERN, modernMeta, send, type Got } from './_wire.ts'

const key = newProofKey()
let platform: Platform
/** Bound to `key`, for a server that takes both kinds of token. */
let token: string
beforeAll(async () => {
  platform = await startPlatform({
    authorServers: ['test/servers/trouble', 'test/servers/vault', 'test/servers/mailbox'],
  })
  token = await boundToken(platform, 'trouble', key)
})
afterAll(() => platform.close())
beforeEach(() => fetchNonce(platform))

const record = (authorization: string | string[], proof?: string | string[], mark = 'called') =>
  callTool(platform, {
    server: 'trouble',
    tool: 'record',
    args: { mark },
    authorization,
    ...(proof === undefined ? {} : { proof }),
  })
const proofOf = (change?: Parameters<typeof callProof>[4]) =>
  callProof(platform, 'trouble', key, token, change)

/** Both challenges, Bearer first; the error only where the client's own scheme is named. */
function expectRefusal(got: Got, scheme: 'Bearer' | 'DPoP', error: string): void {
  expect(got.status).toBe(401)
  const challenge = String(got.headers['www-authenticate'])
  const [bearer = '', dpop = ''] = challenge.split(', DPoP ')
  expect(bearer).toMatch(/^Bearer /)
  expect(dpop).toContain('algs="ES256 Ed25519 EdDSA"')
  const [own, other] = scheme === 'DPoP' ? [dpop, bearer] : [bearer, dpop]
  expect(own).toContain(`error="${error}"`)
  expect(other).not.toContain('error=')
  expect(got.headers['dpop-nonce']).toMatch(/^[\w-]{22}$/)
  expect(got.headers['cache-control']).toContain('no-store')
  expect(got.message.result).toBeUndefined()
}

test('a bound token with its proof calls, and the answer brings the next nonce (§8.2)', async () => {
  const got = await record(`DPoP ${token}`, proofOf())
  expect(got.message.result?.structuredContent ?? got.message.result).toBeDefined()
  expect(got.status).toBe(200)
  expect(got.headers['dpop-nonce']).toMatch(/^[\w-]{22}$/)
})

test.each(['Ed25519', 'EdDSA'] as const)('%s keys work as ES256 keys do', async (alg) => {
  const other = newProofKey(alg)
  const own = await boundToken(platform, 'trouble', other)
  const got = await record(`DPoP ${own}`, callProof(platform, 'trouble', other, own))
  expect(got.status).toBe(200)
})

test('2025-era requests are proven alike, and each spelling of the URL is its own htu', async () => {
  const url = `${platform.origin}/trouble`
  const proof = makeProof(key, { url, nonce: nonceNow(), accessToken: token })
  const { headers, body } = legacy('tools/call', { name: 'record', arguments: { mark: 'old' } })
  const got = await send(platform.origin, {
    path: '/trouble',
    headers: { ...headers, authorization: `DPoP ${token}`, dpop: proof },
    body,
  })
  expect(got.status).toBe(200)
})

describe('refused as invalid_dpop_proof', () => {
  test.each(BROKEN_PROOFS)('%s', async (title, change) => {
    expectRefusal(
      await record(`DPoP ${token}`, proofOf(change), title),
      'DPoP',
      'invalid_dpop_proof',
    )
  })

  test('row 1: no proof with the DPoP scheme', async () => {
    expectRefusal(await record(`DPoP ${token}`), 'DPoP', 'invalid_dpop_proof')
  })

  test('row 1: two DPoP headers, both good', async () => {
    const got = await record(`DPoP ${token}`, [proofOf(), proofOf()])
    expectRefusal(got, 'DPoP', 'invalid_dpop_proof')
  })

  test('row 8: ath absent, or of another token', async () => {
    for (const of of [undefined, 'another']) {
      const proof = callProof(platform, 'trouble', key, of)
      expectRefusal(await record(`DPoP ${token}`, proof), 'DPoP', 'invalid_dpop_proof')
    }
  })

  test('row 13: the same proof twice', async () => {
    const proof = proofOf()
    expect((await record(`DPoP ${token}`, proof)).status).toBe(200)
    expectRefusal(await record(`DPoP ${token}`, proof), 'DPoP', 'invalid_dpop_proof')
  })

  test('row 13: the same proof twice for a read-only tool, which this isolate remembers', async () => {
    const proof = proofOf()
    const authorization = `DPoP ${token}`
    const read = () =>
      callTool(platform, { server: 'trouble', tool: 'recorded', authorization, proof })
    expect((await read()).status).toBe(200)
    expectRefusal(await read(), 'DPoP', 'invalid_dpop_proof')
  })

  test('row 13: a proof that another isolate saw, for a tool that changes something', async () => {
    const proof = proofOf()
    await useElsewhere(platform, key, proof)
    expectRefusal(await record(`DPoP ${token}`, proof), 'DPoP', 'invalid_dpop_proof')
  })

  test('row 13: a proof that another isolate saw, for any tool of a strict server', async () => {
    const own = await boundToken(platform, 'mailbox', key, { scope: 'mail:read' })
    const read = (proof: string) =>
      callTool(platform, {
        server: 'mailbox',
        tool: 'read_mail',
        authorization: `DPoP ${own}`,
        proof,
      })
    expect((await read(callProof(platform, 'mailbox', key, own))).status).toBe(200)
    const proof = callProof(platform, 'mailbox', key, own)
    await useElsewhere(platform, key, proof)
    expectRefusal(await read(proof), 'DPoP', 'invalid_dpop_proof')
  })
})

test.each(['tasks/cancel', 'tasks/update'])(
  'row 13: a proof that another isolate saw, for %s',
  async (method) => {
    const own = await boundToken(platform, 'conformance', key)
    const taskId = 'a'.repeat(22)
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
    const _meta = modernMeta(MODERN, capabilities)
    const { headers, body } = modern(method, { _meta, taskId, inputResponses: {} })
    const ask = (proof: string) => {
      const all = { ...headers, 'mcp-name': taskId, authorization: `DPoP ${own}`, dpop: proof }
      return send(platform.origin, { path: '/conformance/mcp', headers: all, body })
    }
    const unseen = await ask(callProof(platform, 'conformance', key, own))
    expect(unseen.message.error).toMatchObject({ code: -32602, message: 'Task not found' })
    const proof = callProof(platform, 'conformance', key, own)
    await useElsewhere(platform, key, proof)
    expectRefusal(await ask(proof), 'DPoP', 'invalid_dpop_proof')
  },
)

test('a read-only call of a server that is not strict asks no object', async () => {
  const other = newProofKey()
  const own = await boundToken(platform, 'trouble', other)
  const objects = () => platform.worker('mcp-edge-objects').listDurableObjectIds('ReplayObject')
  const before = await objects()
  const got = await callTool(platform, {
    server: 'trouble',
    tool: 'recorded',
    authorization: `DPoP ${own}`,
    proof: callProof(platform, 'trouble', other, own),
  })
  expect(got.status).toBe(200)
  expect(await objects()).toEqual(before)
})

describe('accepted', () => {
  test.each(GOOD_PROOFS)('%s', async (_, change) => {
    expect((await record(`DPoP ${token}`, proofOf(change))).status).toBe(200)
  })
})

describe('refused as invalid_token', () => {
  test('row 9: the proof is by another key than cnf.jkt', async () => {
    const proof = callProof(platform, 'trouble', newProofKey(), token)
    expectRefusal(await record(`DPoP ${token}`, proof), 'DPoP', 'invalid_token')
  })

  test('row 10: a bound token as Bearer, without a proof and with one', async () => {
    expectRefusal(await record(`Bearer ${token}`), 'Bearer', 'invalid_token')
    expectRefusal(await record(`Bearer ${token}`, proofOf()), 'Bearer', 'invalid_token')
  })

  test('row 11: an unbound token under the DPoP scheme', async () => {
    const unbound = await mintToken(platform.mcpUrl('trouble'))
    const proof = callProof(platform, 'trouble', key, unbound)
    expectRefusal(await record(`DPoP ${unbound}`, proof), 'DPoP', 'invalid_token')
    expect((await record(`Bearer ${unbound}`)).status).toBe(200)
  })

  test('row 12: the token is for another resource', async () => {
    const other = await boundToken(platform, 'clock', key)
    const proof = callProof(platform, 'trouble', key, other)
    expectRefusal(await record(`DPoP ${other}`, proof), 'DPoP', 'invalid_token')
  })

  test('an unbound token where policy says dpop: required', async () => {
    const look = (authorization: string, proof?: string) =>
      callTool(platform, {
        server: 'vault',
        tool: 'look',
        authorization,
        ...(proof === undefined ? {} : { proof }),
      })
    const unbound = await mintToken(platform.mcpUrl('vault'))
    expectRefusal(await look(`Bearer ${unbound}`), 'Bearer', 'invalid_token')
    const bound = await boundToken(platform, 'vault', key)
    const proof = callProof(platform, 'vault', key, bound)
    expect((await look(`DPoP ${bound}`, proof)).status).toBe(200)
  })
})

test('row 11: two Authorization headers are no request (RFC 6750 §3.1)', async () => {
  const unbound = await mintToken(platform.mcpUrl('trouble'))
  for (const both of [
    [`DPoP ${token}`, `Bearer ${unbound}`],
    [`Bearer ${unbound}`, `DPoP ${token}`],
  ]) {
    const got = await record(both, proofOf())
    expect(got.status).toBe(400)
    expect(got.message).toMatchObject({ error: 'invalid_request' })
  }
})

describe('row 14: the nonce', () => {
  test.each(BAD_NONCES)('%s: use_dpop_nonce, and a good one beside it', async (_, nonceOf) => {
    const url = platform.mcpUrl('trouble')
    const nonce = await nonceOf(platform.origin)
    const first = makeProof(key, { url, nonce, accessToken: token })
    const refused = await record(`DPoP ${token}`, first)
    expectRefusal(refused, 'DPoP', 'use_dpop_nonce')
    const given = String(refused.headers['dpop-nonce'])
    const second = makeProof(key, { url, nonce: given, accessToken: token })
    expect((await record(`DPoP ${token}`, second)).status).toBe(200)
  })
})

test('insufficient_scope is said in the client’s own scheme, with all that is needed', async () => {
  const own = await boundToken(platform, 'mailbox', key)
  const got = await callTool(platform, {
    server: 'mailbox',
    tool: 'send_mail',
    args: { text: 'x' },
    authorization: `DPoP ${own}`,
    proof: callProof(platform, 'mailbox', key, own),
  })
  expect(got.status).toBe(403)
  const [bearer = '', dpop = ''] = String(got.headers['www-authenticate']).split(', DPoP ')
  expect(bearer).not.toContain('error=')
  expect(dpop).toContain('error="insufficient_scope"')
  expect(dpop).toContain('scope="mail:send"')
})

test('resource metadata says what keys are taken, and whether they are due (RFC 9728 §2)', async () => {
  const metadata = async (server: string) => {
    const path = `/.well-known/oauth-protected-resource/${server}/mcp`
    return (await fetch(platform.origin + path)).json()
  }
  const algorithms = ['ES256', 'Ed25519', 'EdDSA']
  expect(await metadata('trouble')).toMatchObject({
    dpop_signing_alg_values_supported: algorithms,
    dpop_bound_access_tokens_required: false,
  })
  expect(await metadata('vault')).toMatchObject({ dpop_bound_access_tokens_required: true })
})

test('none of the refused calls reached the tool', async () => {
  const unbound = await mintToken(platform.mcpUrl('trouble'))
  const got = await callTool(platform, {
    server: 'trouble',
    tool: 'recorded',
    authorization: `Bearer ${unbound}`,
  })
  expect(got.text).not.toContain('row ')
})
