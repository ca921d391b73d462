/**
 * What a client may get wrong before any JSON is read: address, method, origin,
 * credentials (DESIGN §3.1, §3.2, §4.8, §5; RFC 6750 §3, RFC 9728, Fetch "CORS").
 */
import { generateKeyPairSync } from 'node:crypto'
import { SignJWT, UnsecuredJWT, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, LEGACY, modern, MODERN, send, type Got, type Sent } from './_wire.ts'

const PATH = '/trouble/mcp'

let platform: Platform
let token: string

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  token = await mintToken(platform.mcpUrl('trouble'))
})
afterAll(() => platform.close())

const ERAS = [
  { era: MODERN, make: modern },
  { era: LEGACY, make: legacy },
] as const

const ask = (sent: Sent): Promise<Got> => send(platform.origin, sent)
const list = (path: string, authorization?: string | string[]): Promise<Got> => {
  const { headers, body } = modern('tools/list')
  return ask({ path, headers: { ...headers, authorization }, body })
}
const metadataOf = (path: string): string =>
  `${platform.origin}/.well-known/oauth-protected-resource${path}`

describe('who calls (RFC 6750 §3)', () => {
  test('no token: 401 without an error code, and where to sign in', async () => {
    const got = await list(PATH)
    expect(got.status).toBe(401)
    expect(got.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${metadataOf(PATH)}", ` +
        `DPoP algs="ES256 Ed25519 EdDSA", resource_metadata="${metadataOf(PATH)}"`,
    )
    expect(got.headers['cache-control']).toBe('no-store')
    expect(got.message.error_description).toMatch(/^Sign in first/)
  })

  test.each(ERAS)('no token, $era: the same 401 whatever is asked for', async ({ make }) => {
    for (const name of ['record', 'write', 'nowhere']) {
      const got = await ask({ path: PATH, ...make('tools/call', { name }) })
      expect(got.text).toBe((await list(PATH)).text)
    }
  })

  const strangers: [what: string, mint: () => Promise<string> | string][] = [
    ['has expired', () => mintToken(platform.mcpUrl('trouble'), { exp: 1_700_000_000 })],
    ['is for another server', () => mintToken(platform.mcpUrl('clock'))],
    ['is for the origin', () => mintToken(new URL(platform.origin))],
    [
      'lists audiences',
      () => {
        const aud = [platform.mcpUrl('trouble').href, platform.mcpUrl('clock').href]
        return mintToken(platform.mcpUrl('trouble'), { aud: aud as unknown as string })
      },
    ],
    [
      'is of another issuer',
      () => mintToken(platform.mcpUrl('trouble'), { iss: 'https://as.example.com' }),
    ],
    ['is signed by another key', () => mintToken(platform.mcpUrl('trouble'), {}, strangersKey())],
    ['is bound to a key', () => mintToken(platform.mcpUrl('trouble'), { cnf: { jkt: 'x' } })],
    ['has no signature', () => new UnsecuredJWT(claims()).encode()],
    ['is signed with the public key as a secret', () => confusedAlgorithm()],
    ['is an ID token', () => idToken()],
    ['is garbage', () => 'garbage'],
    ['is three dots', () => 'a.b.c'],
  ]
  test.each(strangers)('a token that %s: 401 invalid_token', async (_, mint) => {
    const got = await list(PATH, `Bearer ${await mint()}`)
    expect(got.status).toBe(401)
    expect(got.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description="[A-Z][^"]+", resource_metadata="[^"]+", DPoP algs="[^"]+", resource_metadata="[^"]+"$/,
    )
    expect(got.message.error_description).toMatch(/token/)
  })

  test('another scheme: 401', async () => {
    expect((await list(PATH, `Basic ${btoa('a:b')}`)).status).toBe(401)
  })

  test.each([
    ['two headers', () => [`Bearer ${token}`, `Bearer ${token}`]],
    ['two tokens in one header', () => `Bearer ${token}, Bearer ${token}`],
    ['a scheme without a token', () => 'Bearer'],
    ['a token with a blank in it', () => `Bearer ${token} x`],
    ['more than any token is long', () => `Bearer ${'x'.repeat(9000)}`],
  ])('%s: 400 invalid_request', async (_, authorization) => {
    const got = await list(PATH, authorization())
    expect(got.status).toBe(400)
    expect(got.message).toMatchObject({ error: 'invalid_request' })
  })

  test('a token in the query does not count', async () => {
    expect((await list(`${PATH}?access_token=${token}`)).status).toBe(401)
  })

  test('a bad token on a public server: 401, never anonymous', async () => {
    expect((await list('/conformance/mcp')).status).toBe(200)
    expect((await list('/conformance/mcp', `Bearer ${token}`)).status).toBe(401)
  })

  test('a token of another tenant hides the server: 404', async () => {
    const foreign = await mintToken(platform.mcpUrl('trouble'), { tenant: 'other' })
    const got = await list(PATH, `Bearer ${foreign}`)
    expect(got.status).toBe(404)
    expect(got.message).toMatchObject({ error: 'unknown_server' })
  })

  test('nobody can be the platform itself', async () => {
    const platformToken = await mintToken(platform.mcpUrl('trouble'), {
      tenant: 'platform',
      sub: 'platform',
    })
    expect((await list(PATH, `Bearer ${platformToken}`)).status).toBe(404)
  })

  const claims = () => ({
    iss: platform.origin,
    aud: platform.mcpUrl('trouble').href,
    sub: 'alice',
  })

  async function confusedAlgorithm(): Promise<string> {
    const { text } = await ask({ method: 'GET', path: '/oauth/jwks' })
    return new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(text.padEnd(32)))
  }

  /** Signed by the right key, but for another purpose (RFC 8725 §3.11). */
  async function idToken(): Promise<string> {
    const [head = '', ...rest] = token.split('.')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object
    const typ = Buffer.from(JSON.stringify({ ...header, typ: 'JWT' })).toString('base64url')
    return [typ, ...rest].join('.')
  }

  function strangersKey(): JWK & { kid: string } {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const [head = ''] = token.split('.')
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
    return { ...(privateKey.export({ format: 'jwk' }) as JWK), kid }
  }
})

describe('a server that is not there (DESIGN §4.8)', () => {
  const names = ['nowhere', 'a', 'to-string', 'mcp-internal', `a${'b'.repeat(39)}`]

  test.each(names)('to a stranger "%s" answers what a private server does', async (name) => {
    const [hidden, unknown] = [await list('/trouble/mcp'), await list(`/${name}/mcp`)]
    const seen = ({ status, headers, text }: Got, server: string) =>
      JSON.stringify({ status, headers: { ...headers, date: undefined }, text }).replaceAll(
        `/${server}/mcp`,
        '/<server>/mcp',
      )
    expect(seen(unknown, name)).toBe(seen(hidden, 'trouble'))
  })

  test.each(names)('the metadata of "%s" is as good as a private one', async (name) => {
    const got = await ask({
      method: 'GET',
      path: `/.well-known/oauth-protected-resource/${name}/mcp`,
    })
    expect(got.status).toBe(200)
    expect(JSON.parse(got.text)).toEqual({
      resource: `${platform.origin}/${name}/mcp`,
      authorization_servers: [platform.origin],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519', 'EdDSA'],
      dpop_bound_access_tokens_required: false,
    })
  })

  test('to who is signed in for it: 404', async () => {
    const got = await list('/nowhere/mcp', `Bearer ${await mintToken(platform.mcpUrl('nowhere'))}`)
    expect(got.status).toBe(404)
    expect(got.message).toMatchObject({ error: 'unknown_server' })
  })

  test('to who is signed in for another: 401', async () => {
    expect((await list('/nowhere/mcp', `Bearer ${token}`)).status).toBe(401)
  })

  test.each([
    '/Trouble/mcp',
    '/trouble_x/mcp',
    '/-a/mcp',
    '/a--b/mcp',
    '/1a/mcp',
    `/${'a'.repeat(41)}/mcp`,
  ])('%s cannot be a name: 404', async (path) => {
    expect((await list(path)).status).toBe(404)
  })
})

describe('addresses (DESIGN §5)', () => {
  test.each(['/trouble/mcp', '/trouble/mcp/', '/trouble', '/trouble/', '/trouble/mcp?x=1'])(
    '%s is the server',
    async (path) => {
      const got = await list(path, `Bearer ${token}`)
      expect(got.status).toBe(200)
      expect(got.message.result?.tools?.length).toBeGreaterThan(5)
    },
  )

  test.each([
    '/trouble/mcp/x',
    '/trouble/sse',
    '//trouble/mcp',
    '/trouble//mcp',
    '/%74rouble/mcp',
    '/trouble/mcp//',
  ])('%s is nothing: 404 as JSON', async (path) => {
    const got = await list(path, `Bearer ${token}`)
    expect(got.status).toBe(404)
    expect(got.message).toMatchObject({ error: 'not_found' })
  })

  test.each([
    '/router/mcp',
    '/constructor/mcp',
    '/gateway/mcp',
    '/durable-objects/mcp',
    '/mcp/mcp',
    '/admin',
    '/v1/x',
  ])('%s is kept for the platform: 404', async (path) => {
    expect((await list(path)).status).toBe(404)
  })

  test.each(['/trouble/mcp', '/trouble/mcp/', '/trouble'])(
    'the metadata of %s names the one canonical resource',
    async (path) => {
      const got = await ask({ method: 'GET', path: `/.well-known/oauth-protected-resource${path}` })
      expect(got.status).toBe(200)
      expect(got.headers['content-type']).toBe('application/json')
      expect(JSON.parse(got.text)).toMatchObject({ resource: platform.mcpUrl('trouble').href })
    },
  )

  test('metadata at the root, where several servers run, says whose to ask for', async () => {
    await list(PATH, `Bearer ${token}`)
    await list('/conformance/mcp')
    const got = await ask({ method: 'GET', path: '/.well-known/oauth-protected-resource' })
    expect(got.status).toBe(404)
    expect(got.message.error_description).toContain('/<server>/mcp')
  })

  test.each([
    '/.well-known/nonsense',
    '/.well-known/',
    '/.well-known/oauth-protected-resource/a/b/c',
  ])('%s: 404 as JSON', async (path) => {
    const got = await ask({ method: 'GET', path })
    expect(got.status).toBe(404)
    expect(got.headers['content-type']).toBe('application/json')
    expect(got.message).toMatchObject({ error: 'not_found' })
  })

  test('/ and /health answer; /health says nothing about what runs here', async () => {
    const home = await ask({ method: 'GET', path: '/' })
    expect(home.status).toBe(200)
    expect(home.text).toContain('claude mcp add')
    expect(home.text).not.toContain('trouble')
    const health = await ask({ method: 'GET', path: '/health' })
    expect(health.text).toBe('{"status":"ok"}')
  })

  test.each(['/', '/health', PATH, '/.well-known/oauth-protected-resource/trouble/mcp'])(
    'HEAD %s answers as GET does, without a body',
    async (path) => {
      const [head, get] = [await ask({ method: 'HEAD', path }), await ask({ method: 'GET', path })]
      expect(head.status).toBe(get.status)
      expect(head.headers['content-type']).toBe(get.headers['content-type'])
      expect(head.text).toBe('')
    },
  )
})

describe('methods on the MCP address', () => {
  test.each(['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'])(
    '%s with a 2026-07-28 header: 405 and what is allowed',
    async (method) => {
      const headers = { 'mcp-protocol-version': MODERN, authorization: `Bearer ${token}` }
      const got = await ask({ method, path: PATH, headers })
      expect(got.status).toBe(405)
      expect(got.headers.allow).toBe('POST')
    },
  )

  test.each(['GET', 'PUT', 'PATCH', 'HEAD'])('%s of a 2025 client: 405', async (method) => {
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` }
    const got = await ask({ method, path: PATH, headers })
    expect(got.status).toBe(405)
    expect(got.headers.allow).toContain('POST')
  })

  test.each(['GET', 'DELETE', 'PUT'])('%s without a token: 401 before anything', async (method) => {
    expect((await ask({ method, path: PATH })).status).toBe(401)
  })
})

describe('methods on the pages of the platform', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s: 405 and what is allowed', async (method) => {
    for (const path of ['/', '/health', `/.well-known/oauth-protected-resource${PATH}`]) {
      const got = await ask({ method, path })
      expect(got.status).toBe(405)
      expect(got.headers.allow).toBe('GET, HEAD')
    }
    expect((await ask({ method, path: '/admin' })).status).toBe(404)
  })
})

describe('where from (DNS rebinding, CORS)', () => {
  test.each([
    'evil.example.com',
    'clock.mcp.internal',
    'trouble.mcp.internal',
    'localhost',
    'localhost:1',
    '127.0.0.1',
    'localhost.evil.example',
  ])('Host %s: 421', async (host) => {
    const { headers, body } = modern('tools/list', {}, { token })
    const got = await ask({ path: PATH, headers: { ...headers, host }, body })
    expect(got.status).toBe(421)
    expect(got.message.error_description).toContain(platform.origin)
  })

  test.each([
    'https://evil.example.com',
    'null',
    'http://localhost.evil.example',
    'http://127.0.0.1.nip.io',
    'file://',
    'not an origin',
  ])('Origin %s: 403 before the token is looked at', async (origin) => {
    for (const authorization of [undefined, `Bearer ${token}`]) {
      const { headers, body } = modern('tools/list')
      const got = await ask({ path: PATH, headers: { ...headers, origin, authorization }, body })
      expect(got.status).toBe(403)
      expect(got.message).toMatchObject({ error: 'origin_not_allowed' })
      expect(got.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  test('a preflight is answered without a token', async () => {
    const got = await ask({
      method: 'OPTIONS',
      path: PATH,
      headers: {
        origin: 'http://localhost:6274',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,mcp-param-x,x-custom',
      },
    })
    expect(got.status).toBe(204)
    expect(got.headers).toMatchObject({
      'access-control-allow-origin': 'http://localhost:6274',
      'access-control-allow-headers': 'authorization, content-type, mcp-param-x, x-custom',
    })
    expect(got.headers['access-control-allow-methods']).toContain('DELETE')
    expect(got.headers['access-control-allow-credentials']).toBeUndefined()
  })

  test('a page may read the answer, the 401 and the 403', async () => {
    const origin = 'http://127.0.0.1:5173'
    const answers: [number, Sent][] = [
      [200, { path: PATH, ...modern('tools/list', {}, { token }) }],
      [401, { path: PATH, ...modern('tools/list') }],
      [403, { path: PATH, ...modern('tools/call', { name: 'write' }, { token }) }],
      [404, { path: '/.well-known/nonsense', method: 'GET' }],
    ]
    for (const [status, sent] of answers) {
      const got = await ask({ ...sent, headers: { ...sent.headers, origin } })
      expect(got.status).toBe(status)
      expect(got.headers['access-control-allow-origin']).toBe(origin)
      expect(got.headers['access-control-expose-headers']).toBe(
        'Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce, Retry-After',
      )
      expect(got.headers.vary).toContain('Origin')
    }
  })
})
