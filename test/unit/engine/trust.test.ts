import { describe, expect, it, vi } from 'vitest'
import { mintAssertion, verifyAssertion } from '#shared/identity/assertion.ts'
import { PLATFORM_PRINCIPAL } from '#shared/identity/principal.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { DIGEST_HEADER, PRINCIPAL_HEADER, DECISION_HEADER } from '#shared/contracts/inner-wire.ts'
import { ALICE, assertionFor, SERVER, startEngine, textOf } from './_harness.ts'
import { makeTrust, nowSeconds } from '#shared/sdk/testing/trust.ts'

let runs = 0
const count = defineTool({
  description: 'Counts its runs',
  handler(_args, { principal }) {
    runs++
    return `${principal.subject} ran it`
  },
})
const engine = await startEngine({ count, other: count })

async function refused(headers: Record<string, string | undefined>): Promise<Response> {
  const before = runs
  const response = await engine.send({ params: { name: 'count' }, headers })
  expect(runs).toBe(before)
  return response
}

describe('who calls (DESIGN §2, the internal call)', () => {
  it('runs a call with a valid assertion, as the principal it names', async () => {
    expect(textOf(await engine.call('count'))).toBe('alice ran it')
  })

  it('refuses a call without an assertion, without detail', async () => {
    const response = await refused({ [PRINCIPAL_HEADER]: undefined })
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      error: { code: -32000, message: 'Unauthorized' },
      id: null,
    })
  })

  it('refuses an assertion signed by a key no anchor vouches for', async () => {
    const stranger = await makeTrust()
    const forged = await mintAssertion(stranger.key, SERVER, ALICE, nowSeconds())
    expect((await refused({ [PRINCIPAL_HEADER]: forged })).status).toBe(401)
  })

  it('refuses an assertion whose claims were changed', async () => {
    const [header, payload, signature] = (await assertionFor(ALICE)).split('.')
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')
    const response = await refused({ [PRINCIPAL_HEADER]: `${header}.${changed}.${signature}` })
    expect(response.status).toBe(401)
  })

  it('refuses an assertion made for another server', async () => {
    const foreign = await assertionFor(ALICE, 'weather')
    expect((await refused({ [PRINCIPAL_HEADER]: foreign })).status).toBe(401)
  })

  it('refuses an expired assertion', async () => {
    const { trust, key } = await makeTrust()
    const old = await mintAssertion(key, SERVER, ALICE, nowSeconds() - 600)
    expect(await verifyAssertion(trust, SERVER, old, nowSeconds())).toMatchObject({ ok: false })
    expect((await refused({ [PRINCIPAL_HEADER]: old })).status).toBe(401)
  })

  it('refuses an assertion that ran out after it was verified and remembered', async () => {
    const headers = { [PRINCIPAL_HEADER]: await assertionFor(ALICE) }
    const sent = { params: { name: 'count' }, headers }
    expect((await engine.send(sent)).status).toBe(200)
    vi.useFakeTimers({ now: Date.now() + 400_000, toFake: ['Date'] })
    try {
      expect((await engine.send(sent)).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses a call without a decision, or with one that is not JSON', async () => {
    expect((await refused({ [DECISION_HEADER]: undefined })).status).toBe(401)
    expect((await refused({ [DECISION_HEADER]: 'tools/call' })).status).toBe(401)
  })

  it('runs no tool for the platform principal', async () => {
    const before = runs
    const response = await engine.send({
      params: { name: 'count' },
      principal: PLATFORM_PRINCIPAL,
    })
    expect(response.status).toBe(401)
    expect(runs).toBe(before)
  })
})

describe('what was decided (DESIGN §3.6)', () => {
  it('answers 409 with its digest, before the handler, to a call decided on other definitions', async () => {
    for (const digest of ['other', undefined]) {
      const before = runs
      const response = await engine.send({
        params: { name: 'count' },
        decision: { digest: digest as string },
      })
      expect(response.status).toBe(409)
      expect(response.headers.get(DIGEST_HEADER)).toBe(engine.built.digest)
      expect(runs).toBe(before)
    }
  })

  it('refuses a body that names another tool than the decision (−32020)', async () => {
    const before = runs
    const response = await engine.send({ params: { name: 'count' }, decision: { name: 'other' } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32020 } })
    expect(runs).toBe(before)
  })

  it('refuses a body that names another method than the decision (−32020)', async () => {
    const response = await engine.send({
      params: { name: 'count' },
      decision: { method: 'prompts/get' },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: -32020 } })
  })

  it('refuses a body without a name when one was decided on', async () => {
    const response = await engine.send({ params: {}, decision: { name: 'count' } })
    expect(await response.json()).toMatchObject({ error: { code: -32020 } })
  })
})

describe('what it says of itself', () => {
  it('describes itself to the platform, digest, build and policy included', async () => {
    const response = await engine.send({
      method: 'server/discover',
      principal: PLATFORM_PRINCIPAL,
      decision: { digest: undefined as unknown as string },
    })
    expect(await response.json()).toMatchObject({
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        _meta: {
          'mcp-edge/description': {
            digest: engine.built.digest,
            build: 'test',
            policy: { visibility: 'public' },
            definitions: { tools: [{ wire: { name: 'count' } }, { wire: { name: 'other' } }] },
          },
        },
      },
    })
  })

  it('answers no list to callers: what they may see, the router knows', async () => {
    for (const method of ['server/discover', 'tools/list']) {
      const response = await engine.send({ method })
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ id: 1, error: { code: -32601 } })
    }
  })
})

describe('the transport (2026-07-28 streamable-http)', () => {
  it.each([
    ['a removed method', { method: 'ping' }, 404, -32601],
    ['another content type', { headers: { 'content-type': 'text/plain' } }, 415, -32000],
    ['text that is not JSON', { body: '{' }, 400, -32700],
    ['a batch', { body: '[{}]' }, 400, -32600],
    ['a body that is no message', { body: '{"jsonrpc":"2.0"}' }, 400, -32600],
  ])('refuses %s', async (_what, sent, status, code) => {
    const response = await engine.send(sent)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
  })

  it('refuses a body over its bound (413)', async () => {
    const response = await engine.send({ body: `"${'x'.repeat(5 * 1024 * 1024)}"` })
    expect(response.status).toBe(413)
  })

  it('accepts a notification without running anything (202)', async () => {
    const response = await engine.send({
      method: 'notifications/cancelled',
      body: '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
    })
    expect(response.status).toBe(202)
    expect(await response.text()).toBe('')
  })

  it('answers 405 to another HTTP method, 404 to another path', async () => {
    const get = new Request('https://notes.mcp.internal/mcp')
    expect((await engine.worker.fetch(get, {} as Cloudflare.Env)).status).toBe(405)
    const other = new Request('https://notes.mcp.internal/admin', { method: 'POST', body: '' })
    expect((await engine.worker.fetch(other, {} as Cloudflare.Env)).status).toBe(404)
  })
})
