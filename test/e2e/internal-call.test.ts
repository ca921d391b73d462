/**
 * The internal call (DESIGN §2): a server believes the router and nobody else,
 * wherever a request comes from, and runs only what the router decided on. Here
 * requests go straight to a server Worker, as if somebody had found its address.
 */
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certify, mintAssertion, type SigningKey } from '#shared/identity/assertion.ts'
import { PLATFORM_PRINCIPAL, type Principal } from '#shared/identity/principal.ts'
import {
  DECISION_HEADER,
  encodeDecision,
  PRINCIPAL_HEADER,
  type Decision,
} from '#shared/contracts/inner-wire.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { messagesOf, modern, send, type Message } from './_wire.ts'

const ALICE: Principal = { subject: 'alice', tenant: 'default', clientId: 'test', scopes: [] }
const HOUR_SECONDS = 3600

let platform: Platform
let signingKey: SigningKey
let digest: string

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  signingKey = JSON.parse((await devSecrets()).router.SIGNING_KEY) as SigningKey
  digest = await describedDigest()
})
afterAll(() => platform.close())

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
const assertion = (
  principal = ALICE,
  server = 'trouble',
  key = signingKey,
  atSeconds = nowSeconds(),
) => mintAssertion(key, server, principal, atSeconds)

interface Answer {
  status: number
  message: Message
}

/** Straight to the server Worker, past the router. */
async function straight(
  internal: Record<string, string>,
  wire = modern('tools/call', { name: 'record', arguments: { mark: 'straight' } }),
  server = 'trouble',
): Promise<Answer> {
  const answer = await platform.worker(server).fetch(`https://${server}.mcp.internal/mcp`, {
    method: 'POST',
    headers: { ...wire.headers, ...internal },
    body: wire.body,
  })
  return { status: answer.status, message: messagesOf(await answer.text()).at(-1) ?? {} }
}

const decide = (decision: Partial<Decision> = {}): string =>
  encodeDecision({ method: 'tools/call', name: 'record', digest, ...decision })

async function describedDigest(): Promise<string> {
  const { message } = await straight(
    {
      [PRINCIPAL_HEADER]: await assertion(PLATFORM_PRINCIPAL),
      [DECISION_HEADER]: encodeDecision({ method: 'server/discover' }),
    },
    modern('server/discover'),
  )
  const meta = message.result?.['_meta'] as Record<string, { digest: string }>
  return meta['mcp-edge/description']?.digest ?? ''
}

async function recorded(): Promise<string[]> {
  const token = await mintToken(platform.mcpUrl('trouble'))
  const sent = modern('tools/call', { name: 'recorded' }, { token })
  const { message } = await send(platform.origin, { path: '/trouble/mcp', ...sent })
  return message.result?.structuredContent?.['calls'] as string[]
}

/** A signing key whose certificate is signed by `anchor`, or by itself. */
async function strangersKey(options: { selfSigned?: boolean }): Promise<SigningKey> {
  const pair = async (): Promise<[publicJwk: JWK, privateJwk: JWK]> => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
    return [await exportJWK(publicKey), await exportJWK(privateKey)]
  }
  const [publicJwk, privateJwk] = await pair()
  const [, anchor] = await pair()
  const signer = options.selfSigned ? privateJwk : anchor
  return { privateJwk, certificate: await certify(signer, publicJwk, HOUR_SECONDS, nowSeconds()) }
}

describe('who says so (shared/identity/assertion.ts)', () => {
  test('the real thing runs: the refusals below are not for another reason', async () => {
    const got = await straight({
      [PRINCIPAL_HEADER]: await assertion(),
      [DECISION_HEADER]: decide(),
    })
    expect(got.status).toBe(200)
    expect(await recorded()).toContain('record:straight')
  })

  const forgeries: [what: string, make: () => Promise<string> | string][] = [
    ['is missing', () => ''],
    ['is no JWS', () => JSON.stringify(ALICE)],
    ['says so without a signature', () => unsigned()],
    ['was altered after it was signed', () => altered()],
    ['is signed by a stranger beside our certificate', () => strangerBesideOurCertificate()],
    ['carries a certificate signed by itself', () => by({ selfSigned: true })],
    ['carries a certificate of another anchor', () => by({})],
    ['carries an assertion as certificate', () => assertionAsCertificate()],
    ['is for another server', () => assertion(ALICE, 'clock')],
    ['has expired', () => assertion(ALICE, 'trouble', signingKey, nowSeconds() - HOUR_SECONDS)],
    [
      'is of the future',
      () => assertion(ALICE, 'trouble', signingKey, nowSeconds() + HOUR_SECONDS),
    ],
    ['says it lives for ever', () => immortal()],
    ['is signed by us for another purpose', () => signedByUs(goodClaims(), 'JWT')],
    ['is an access token', () => mintToken(platform.mcpUrl('trouble'))],
    ['is longer than any', () => longAssertion()],
  ]
  test.each(forgeries)('an assertion that %s: 401, and no handler ran', async (what, make) => {
    const wire = modern('tools/call', { name: 'record', arguments: { mark: what } })
    const got = await straight(
      { [PRINCIPAL_HEADER]: await make(), [DECISION_HEADER]: decide() },
      wire,
    )
    expect(got.status).toBe(401)
    expect(got.message.error?.message).toBe('Unauthorized')
    expect(await recorded()).not.toContain(`record:${what}`)
  })

  test('a forged assertion reaches no server of workers/ either', async () => {
    const forged = await mintAssertion(await strangersKey({}), 'clock', ALICE, nowSeconds())
    const headers = {
      [PRINCIPAL_HEADER]: forged,
      [DECISION_HEADER]: encodeDecision({ method: 'tools/call', name: 'now', digest: 'x' }),
    }
    expect((await straight(headers, modern('tools/call', { name: 'now' }), 'clock')).status).toBe(
      401,
    )
  })

  test('the token of a caller does not open a server, whatever the address', async () => {
    const token = await mintToken(platform.mcpUrl('trouble'))
    const wire = modern('tools/call', { name: 'record', arguments: { mark: 'token' } }, { token })
    expect((await straight({}, wire)).status).toBe(401)
  })

  const by = async (options: Parameters<typeof strangersKey>[0]): Promise<string> =>
    assertion(ALICE, 'trouble', await strangersKey(options))

  async function strangerBesideOurCertificate(): Promise<string> {
    const { privateJwk } = await strangersKey({})
    return assertion(ALICE, 'trouble', { ...signingKey, privateJwk })
  }

  async function unsigned(): Promise<string> {
    const [, payload] = (await assertion()).split('.')
    const header = { alg: 'none', typ: 'mcp-edge-principal+jwt', cert: signingKey.certificate }
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.`
  }

  async function altered(): Promise<string> {
    const [header, payload = '', signature] = (await assertion()).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url')
    return [header, changed, signature].join('.')
  }

  /** What a server itself was sent must not let it vouch for others. */
  async function assertionAsCertificate(): Promise<string> {
    return assertion(ALICE, 'trouble', { ...signingKey, certificate: await assertion() })
  }

  async function signedByUs(claims: object, typ = 'mcp-edge-principal+jwt'): Promise<string> {
    return new SignJWT({ tenant: 'default', client_id: 'test', scopes: [], ...claims })
      .setProtectedHeader({
        alg: 'EdDSA',
        typ,
        cert: signingKey.certificate,
      })
      .sign({ ...signingKey.privateJwk, alg: 'EdDSA' })
  }

  /** Minted an hour ago, for ten years: a leaked assertion must not outlive its five minutes. */
  const immortal = (): Promise<string> =>
    signedByUs({
      sub: 'alice',
      aud: 'trouble',
      iat: nowSeconds() - HOUR_SECONDS,
      exp: nowSeconds() + 10 * 365 * 24 * HOUR_SECONDS,
    })

  const goodClaims = () => ({
    sub: 'alice',
    aud: 'trouble',
    iat: nowSeconds(),
    exp: nowSeconds() + 60,
  })

  const longAssertion = (): Promise<string> =>
    signedByUs({ ...goodClaims(), sub: 'a'.repeat(5000) })
})

describe('what was decided (DESIGN §3.6)', () => {
  const withDecision = async (decision: string, mark: string, name = 'record'): Promise<Answer> =>
    straight(
      { [PRINCIPAL_HEADER]: await assertion(), [DECISION_HEADER]: decision },
      modern('tools/call', { name, arguments: { mark } }),
    )

  test('a decision for another tool: 400, and no handler ran', async () => {
    const got = await withDecision(decide({ name: 'write' }), 'other-tool')
    expect(got.status).toBe(400)
    expect(got.message.error?.code).toBe(-32020)
    expect(await recorded()).not.toContain('record:other-tool')
  })

  test('a scoped tool under the decision for another: 400, and no handler ran', async () => {
    const got = await withDecision(decide(), 'scoped', 'write')
    expect([got.status, got.message.error?.code]).toEqual([400, -32020])
    expect(await recorded()).not.toContain('write:scoped')
  })

  test('a decision for another method: 400', async () => {
    const got = await withDecision(encodeDecision({ method: 'tools/list', digest }), 'method')
    expect([got.status, got.message.error?.code]).toEqual([400, -32020])
    expect(await recorded()).not.toContain('record:method')
  })

  test.each([
    ['on other definitions', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['on none', undefined],
  ])('a decision %s: 409 with the digest that runs, and no handler ran', async (_, other) => {
    const mark = `digest-${String(other)}`
    const decision =
      other === undefined ? { method: 'tools/call', name: 'record' } : { digest: other }
    const text = other === undefined ? encodeDecision(decision as Decision) : decide(decision)
    expect((await withDecision(text, mark)).status).toBe(409)
    expect(await recorded()).not.toContain(`record:${mark}`)
  })

  test.each(['', 'tools/call', '[]', 'null', '{"name":"record"}', '{'])(
    'a decision that is none (%s): 401',
    async (text) => {
      expect((await withDecision(text, 'none')).status).toBe(401)
      expect(await recorded()).not.toContain('record:none')
    },
  )
})

describe('the platform itself (DESIGN §2)', () => {
  test('describes a server and can call no tool of it', async () => {
    expect(digest).toMatch(/^[\w-]{43}$/)
    const got = await straight(
      { [PRINCIPAL_HEADER]: await assertion(PLATFORM_PRINCIPAL), [DECISION_HEADER]: decide() },
      modern('tools/call', { name: 'record', arguments: { mark: 'platform' } }),
    )
    expect(got.status).toBe(401)
    expect(await recorded()).not.toContain('record:platform')
  })

  test('nobody else learns from a server what it is', async () => {
    const got = await straight(
      {
        [PRINCIPAL_HEADER]: await assertion(),
        [DECISION_HEADER]: encodeDecision({ method: 'server/discover', digest }),
      },
      modern('server/discover'),
    )
    expect(got.status).toBe(404)
    expect(JSON.stringify(got.message)).not.toContain('mcp-edge/description')
  })
})

describe('from the public side', () => {
  const call = async (headers: Record<string, string>, tool = 'record', mark = 'public') => {
    const token = await mintToken(platform.mcpUrl('trouble'))
    const wire = modern('tools/call', { name: tool, arguments: { mark } }, { token })
    return send(platform.origin, {
      path: '/trouble/mcp',
      headers: { ...wire.headers, ...headers },
      body: wire.body,
    })
  }

  test('internal headers are dropped: the caller stays who they are', async () => {
    const mallory = { ...ALICE, subject: 'mallory', scopes: ['trouble:write'] }
    const internal = {
      [PRINCIPAL_HEADER]: await assertion(mallory),
      [DECISION_HEADER]: decide({ name: 'write' }),
      'x-mcp-edge-anything': '1',
    }
    const got = await call(internal, 'record', 'dropped')
    expect(JSON.parse(got.message.result?.content?.[0]?.text ?? '')).toMatchObject({
      caller: 'alice',
      scopes: [],
    })
    expect((await call(internal, 'write', 'dropped')).status).toBe(403)
    expect(await recorded()).not.toContain('write:dropped')
  })

  test('internal headers are no credentials: without a token 401', async () => {
    const wire = modern('tools/call', { name: 'record', arguments: { mark: 'no-token' } })
    const got = await send(platform.origin, {
      path: '/trouble/mcp',
      headers: {
        ...wire.headers,
        [PRINCIPAL_HEADER]: await assertion(),
        [DECISION_HEADER]: decide(),
      },
      body: wire.body,
    })
    expect(got.status).toBe(401)
    expect(await recorded()).not.toContain('record:no-token')
  })

  test.each(['trouble.mcp.internal', 'clock.mcp.internal'])(
    'a request to the internal host %s: 421, whatever it carries',
    async (host) => {
      const internal = { [PRINCIPAL_HEADER]: await assertion(), [DECISION_HEADER]: decide() }
      const got = await call({ ...internal, host }, 'record', 'host')
      expect(got.status).toBe(421)
      expect(await recorded()).not.toContain('record:host')
    },
  )
})
