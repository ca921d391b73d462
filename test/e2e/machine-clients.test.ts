/** Client credentials (RFC 6749 §4.4) with a secret or `private_key_jwt` (RFC 7523), and introspection (RFC 7662). */
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import * as modernSdk from '@modelcontextprotocol/client'
import * as legacyAuth from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  assertionClaims,
  ASSERTION_TYPE,
  basic,
  hashOf,
  newMachineKey,
  newSecret,
  postForm,
  signAssertion,
  type AssertionClaims,
  type FormAnswer,
  type MachineKey,
} from './_machines.ts'
import { approve, begin, discover, INSECURE, redeem, requestResource } from './_oauth-client.ts'
import { newProofKey } from '../_proofs.ts'
import { fetchNonce, tokenProof } from './_dpop.ts'
import { Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern, send } from './_wire.ts'

const SERVERS = ['clock', 'trouble', 'vault', 'mailbox']
const secret = newSecret()
const gatewaySecret = newSecret()
let key: MachineKey
let rsa: MachineKey
let platform: Platform

beforeAll(async () => {
  key = await newMachineKey()
  rsa = await newMachineKey('RS256')
  const machines = {
    MACHINE_ci: { servers: SERVERS, scopes: ['trouble', 'mail:read'], secrets: [hashOf(secret)] },
    MACHINE_bot: { servers: ['trouble'], keys: [key.publicJwk, rsa.publicJwk] },
    MACHINE_bound: { servers: ['clock'], secrets: [hashOf(secret)], dpop: true },
    MACHINE_foreign: { servers: ['clock'], secrets: [hashOf(secret)], tenant: 'acme' },
    MACHINE_gateway: {
      servers: ['trouble'],
      secrets: [hashOf(newSecret()), hashOf(gatewaySecret)],
      introspects: true,
    },
  }
  const secrets = Object.entries(machines).map(([name, text]) => [name, JSON.stringify(text)])
  platform = await startPlatform({
    authorServers: ['vault', 'trouble', 'mailbox'].map((name) => `test/servers/${name}`),
    secrets: { oauth: Object.fromEntries(secrets) as Record<string, string> },
  })
  for (const server of SERVERS) await fetch(platform.mcpUrl(server), { method: 'POST' })
})
afterAll(() => platform.close())

const resourceOf = (server: string): string => platform.mcpUrl(server).href
const grant = { grant_type: 'client_credentials' }

const askBySecret = (
  form: Record<string, string> = {},
  clientId = 'machine_ci',
  by = secret,
): Promise<FormAnswer> =>
  postForm(
    platform,
    '/oauth/token',
    { ...grant, resource: resourceOf('trouble'), ...form },
    { authorization: basic(clientId, by) },
  )

async function askByKey(
  change: (claims: AssertionClaims) => void = () => undefined,
  signer = key,
  alg = 'ES256',
): Promise<FormAnswer> {
  const claims = assertionClaims(platform.origin, 'machine_bot')
  change(claims)
  return askByAssertion(await signAssertion(signer, claims, alg))
}

const askByAssertion = (client_assertion: string): Promise<FormAnswer> =>
  postForm(platform, '/oauth/token', {
    ...grant,
    client_id: 'machine_bot',
    client_assertion,
    client_assertion_type: ASSERTION_TYPE,
  })

async function statusOf(token: unknown, server: string, tool: string): Promise<number> {
  const { headers, body } = modern('tools/call', { name: tool }, { token: String(token) })
  return (await send(platform.origin, { path: `/${server}/mcp`, headers, body })).status
}

describe('a machine with a secret', () => {
  test('gets a token of its own, with no refresh token, and calls', async () => {
    const { status, json, headers } = await askBySecret()
    expect(status).toBe(200)
    expect(json).toMatchObject({
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'trouble mail:read',
    })
    expect(json).not.toHaveProperty('refresh_token')
    expect(headers['cache-control']).toContain('no-store')
    const claims = decodeJwt(String(json['access_token']))
    expect(claims).toMatchObject({ client_id: 'machine_ci', tenant: 'default' })
    expect(claims.sub).toMatch(/^[\w-]{43}$/)
    expect(await statusOf(json['access_token'], 'trouble', 'recorded')).toBe(200)
  })

  test('may send it in the form (RFC 6749 §2.3.1)', async () => {
    const form = { client_id: 'machine_ci', client_secret: secret }
    const answer = await postForm(platform, '/oauth/token', {
      ...grant,
      resource: resourceOf('clock'),
      ...form,
    })
    expect(answer.status).toBe(200)
  })

  test.each([
    ['another secret', () => askBySecret({}, 'machine_ci', newSecret())],
    ['an unknown machine', () => askBySecret({}, 'machine_nobody')],
    ['the secret of another machine', () => askBySecret({}, 'machine_gateway')],
    ['no secret', () => postForm(platform, '/oauth/token', { ...grant, client_id: 'machine_ci' })],
    ['both ways at once', () => askBySecret({ client_id: 'machine_ci', client_secret: secret })],
  ])('%s: invalid_client (RFC 6749 §5.2)', async (_, ask) => {
    const { status, json } = await ask()
    expect([status, json['error']]).toEqual([401, 'invalid_client'])
  })

  test('asks for less, and for what its scopes imply (RFC 6749 §3.3)', async () => {
    expect((await askBySecret({ scope: 'trouble:write' })).json['scope']).toBe('trouble:write')
    expect((await askBySecret({ scope: 'trouble:write admin' })).json['scope']).toBe(
      'trouble:write',
    )
  })

  test('gets no scope that is not its own: invalid_scope', async () => {
    expect((await askBySecret({ scope: 'admin' })).json['error']).toBe('invalid_scope')
    expect((await askBySecret({ scope: 'mail' })).json['error']).toBe('invalid_scope')
  })

  test.each([
    ['a server that there is not', () => ({ resource: resourceOf('nowhere') })],
    ['none, where it has several', () => ({ resource: '' })],
    ['a URL that is no server', () => ({ resource: 'https://elsewhere.example/mcp' })],
  ])('resource: %s: invalid_target (RFC 8707 §2)', async (_, form) => {
    expect((await askBySecret(form())).json['error']).toBe('invalid_target')
  })

  test('resource: a server that is another machine’s: invalid_target', async () => {
    const form = { resource: resourceOf('clock') }
    const answer = await askBySecret(form, 'machine_gateway', gatewaySecret)
    expect(answer.json['error']).toBe('invalid_target')
  })

  test('resource: a server its tenant may not see: invalid_target (DESIGN §4.7)', async () => {
    const answer = await askBySecret({ resource: resourceOf('clock') }, 'machine_foreign')
    expect(answer.json['error']).toBe('invalid_target')
  })

  test('tokens for a strict server live five minutes', async () => {
    expect((await askBySecret({ resource: resourceOf('mailbox') })).json['expires_in']).toBe(300)
  })

  test('revokes its token, and at a strict server that counts at once (RFC 7009)', async () => {
    const token = (await askBySecret({ resource: resourceOf('mailbox') })).json['access_token']
    expect(await statusOf(token, 'mailbox', 'read_mail')).toBe(200)
    const by = { authorization: basic('machine_ci', secret) }
    const form = { token: String(token) }
    const forged = { authorization: basic('machine_ci', newSecret()) }
    expect((await postForm(platform, '/oauth/revoke', form, forged)).status).toBe(401)
    expect(await statusOf(token, 'mailbox', 'read_mail')).toBe(200)
    expect((await postForm(platform, '/oauth/revoke', form, by)).status).toBe(200)
    expect(await statusOf(token, 'mailbox', 'read_mail')).toBe(401)
  })
})

describe('a machine with a key (RFC 7523 §3)', () => {
  test('is whom its key says, its only server taken for the resource', async () => {
    const { status, json } = await askByKey()
    expect(status).toBe(200)
    expect(decodeJwt(String(json['access_token'])).aud).toBe(resourceOf('trouble'))
  })

  test('may name the token endpoint as audience, and sign by its second key', async () => {
    const aud = `${platform.origin}/oauth/token`
    expect((await askByKey((claims) => (claims['aud'] = aud))).status).toBe(200)
    expect((await askByKey(undefined, rsa, 'RS256')).status).toBe(200)
  })

  const nowSeconds = () => Math.floor(Date.now() / 1000)
  test.each<[string, (claims: AssertionClaims) => void]>([
    ['for another server', (claims) => (claims['aud'] = 'https://elsewhere.example')],
    ['for several servers', (claims) => (claims['aud'] = [claims['aud'], 'https://x.example'])],
    ['expired', (claims) => (claims['exp'] = nowSeconds() - 60)],
    ['without exp', (claims) => delete claims['exp']],
    ['that lives for an hour', (claims) => (claims['exp'] = nowSeconds() + 3600)],
    ['without jti', (claims) => delete claims['jti']],
    ['by another issuer', (claims) => (claims['iss'] = 'machine_ci')],
    ['about another machine', (claims) => (claims['sub'] = 'machine_ci')],
    ['not yet valid', (claims) => (claims['nbf'] = nowSeconds() + 120)],
  ])('an assertion %s is refused', async (_, change) => {
    const { status, json } = await askByKey(change)
    expect([status, json['error']]).toEqual([401, 'invalid_client'])
  })

  test('it need not be named beside its assertion (§3)', async () => {
    const claims = assertionClaims(platform.origin, 'machine_bot')
    const form = {
      client_assertion: await signAssertion(key, claims),
      client_assertion_type: ASSERTION_TYPE,
    }
    expect((await postForm(platform, '/oauth/token', { ...grant, ...form })).status).toBe(200)
  })

  test('an assertion by another key is refused', async () => {
    expect((await askByKey(undefined, await newMachineKey())).status).toBe(401)
  })

  test('an assertion counts once, also after an eviction (§3, jti)', async () => {
    const claims = assertionClaims(platform.origin, 'machine_bot')
    const assertion = await signAssertion(key, claims)
    expect((await askByAssertion(assertion)).status).toBe(200)
    expect((await askByAssertion(assertion)).status).toBe(401)
    const objects = platform.worker('mcp-edge-objects')
    await objects.evictDurableObject('ReplayObject', { name: 'client:machine_bot' })
    // The same jti in another signature is the same assertion.
    expect((await askByAssertion(await signAssertion(key, claims))).status).toBe(401)
  })
})

describe('with DPoP (RFC 9449)', () => {
  async function freshProof(): Promise<string> {
    await fetchNonce(platform)
    return tokenProof(platform, newProofKey())
  }
  const withKey = async () => ({ DPoP: oauth.DPoP({}, await oauth.generateKeyPair('ES256')) })

  async function bySecret(clientId: string, resource: string, proving: oauth.DPoPRequestOptions) {
    const as = await discover(platform.origin)
    const client = { client_id: clientId }
    const request = async () =>
      oauth.processClientCredentialsResponse(
        as,
        client,
        await oauth.clientCredentialsGrantRequest(
          as,
          client,
          oauth.ClientSecretBasic(secret),
          { resource },
          { ...INSECURE, ...proving },
        ),
      )
    return request().catch((error: unknown) => {
      if (!oauth.isDPoPNonceError(error)) throw error
      return request()
    })
  }

  test('the token is bound, and opens a server that requires it (§6.1)', async () => {
    const proving = await withKey()
    const tokens = await bySecret('machine_ci', resourceOf('vault'), proving)
    expect(tokens.token_type).toBe('dpop')
    const url = platform.mcpUrl('vault')
    const look = modern('tools/call', { name: 'look' })
    expect((await requestResource(tokens.access_token, url, look, proving)).status).toBe(200)
    expect(await statusOf(tokens.access_token, 'vault', 'look')).toBe(401)
  })

  test('a proof counts once here, too (§11.1)', async () => {
    const proof = await freshProof()
    const ask = () =>
      postForm(
        platform,
        '/oauth/token',
        { ...grant, resource: resourceOf('vault') },
        { authorization: basic('machine_ci', secret), dpop: proof },
      )
    expect((await ask()).status).toBe(200)
    expect((await ask()).json['error']).toBe('invalid_dpop_proof')
  })

  test.each([
    ['the server requires it', 'machine_ci', 'vault'],
    ['the machine is registered for bound tokens', 'machine_bound', 'clock'],
  ])('without a proof where %s: invalid_dpop_proof', async (_, clientId, server) => {
    const answer = await askBySecret({ resource: resourceOf(server) }, clientId)
    expect(answer.json['error']).toBe('invalid_dpop_proof')
  })
})

describe.each([
  [
    '@modelcontextprotocol/sdk 1.x',
    legacyAuth,
    async (authProvider: unknown) => {
      const client = new LegacyClient({ name: 'machine', version: '1' })
      const options = { authProvider: authProvider as never }
      await client.connect(new LegacyTransport(platform.mcpUrl('trouble'), options) as never)
      return client
    },
  ],
  [
    '@modelcontextprotocol/client 2.x',
    modernSdk,
    async (authProvider: unknown) => {
      const options = { versionNegotiation: { mode: 'auto' as const } }
      const client = new modernSdk.Client({ name: 'machine', version: '1' }, options)
      const url = platform.mcpUrl('trouble')
      const transport = { authProvider: authProvider as never }
      await client.connect(new modernSdk.StreamableHTTPClientTransport(url, transport))
      return client
    },
  ],
] as const)('%s', (_, providers, connect) => {
  const expectedIssuer = () => platform.origin

  test('its ClientCredentialsProvider signs in and calls', async () => {
    const { ClientCredentialsProvider } = providers
    const client = await connect(
      new ClientCredentialsProvider({
        clientId: 'machine_ci',
        clientSecret: secret,
        expectedIssuer: expectedIssuer(),
      }),
    )
    expect(await client.callTool({ name: 'recorded', arguments: {} })).not.toHaveProperty('isError')
    await client.close()
  })

  test('its PrivateKeyJwtProvider signs in and calls', async () => {
    const { PrivateKeyJwtProvider } = providers
    const client = await connect(
      new PrivateKeyJwtProvider({
        clientId: 'machine_bot',
        privateKey: key.pem,
        algorithm: 'ES256',
        expectedIssuer: expectedIssuer(),
      }),
    )
    expect(await client.callTool({ name: 'recorded', arguments: {} })).not.toHaveProperty('isError')
    await client.close()
  })
})

describe('introspection (RFC 7662)', () => {
  const introspect = (
    token: string,
    authorization = basic('machine_gateway', gatewaySecret),
  ): Promise<FormAnswer> => postForm(platform, '/oauth/introspect', { token }, { authorization })

  async function signIn(server: string, proving = {}) {
    const flow = await begin(platform.origin, { resource: resourceOf(server) })
    return redeem(
      flow,
      await approve(new Person(platform.origin), flow, platform.ownerToken),
      proving,
    )
  }

  test('says what a token for its own server is worth (§2.2)', async () => {
    const { access_token } = await signIn('trouble')
    const { json, headers } = await introspect(access_token)
    const { iss, sub, aud, client_id, exp, iat, jti } = decodeJwt(access_token)
    expect(json).toMatchObject({ active: true, token_type: 'Bearer', iss, sub, aud, exp, iat, jti })
    expect(json['client_id']).toBe(client_id)
    expect(json).not.toHaveProperty('gid')
    expect(headers['cache-control']).toContain('no-store')
  })

  test('of a bound token, the key, judged by oauth4webapi (RFC 9449 §6.2)', async () => {
    const DPoP = oauth.DPoP({}, await oauth.generateKeyPair('ES256'))
    const { access_token } = await signIn('trouble', { DPoP })
    const as = await discover(platform.origin)
    const client = { client_id: 'machine_gateway' }
    const by = oauth.ClientSecretBasic(gatewaySecret)
    const answer = await oauth.introspectionRequest(as, client, by, access_token, INSECURE)
    const said = await oauth.processIntrospectionResponse(as, client, answer)
    expect(said).toMatchObject({ active: true, token_type: 'DPoP' })
    expect(said.cnf?.jkt).toBe(await DPoP.calculateThumbprint())
  })

  test.each<[string, () => Promise<string | undefined>]>([
    ['a token for another server', async () => (await signIn('clock')).access_token],
    ['a refresh token', async () => (await signIn('trouble')).refresh_token],
    ['an altered token', async () => `${(await signIn('trouble')).access_token.slice(0, -5)}AAAAA`],
    ['anything else', async () => 'token'],
  ])('%s is inactive, and that is all that is said', async (_, tokenOf) => {
    const { status, json } = await introspect(String(await tokenOf()))
    expect([status, json]).toEqual([200, { active: false }])
  })

  test('a revoked token is inactive with the next question', async () => {
    const by = { authorization: basic('machine_ci', secret) }
    const token = String((await askBySecret()).json['access_token'])
    expect((await introspect(token)).json['active']).toBe(true)
    await postForm(platform, '/oauth/revoke', { token }, by)
    expect((await introspect(token)).json).toEqual({ active: false })
  })

  test.each([
    ['nobody', 401, () => ''],
    ['a wrong secret', 401, () => basic('machine_gateway', newSecret())],
    ['a machine that may not', 403, () => basic('machine_ci', secret)],
  ])('asked by %s: %i', async (_, status, authorization) => {
    const token = String((await askBySecret()).json['access_token'])
    expect((await introspect(token, authorization())).status).toBe(status)
  })
})

test('metadata offers what there is (RFC 8414 §2)', async () => {
  const as = await discover(platform.origin)
  expect(as.grant_types_supported).toContain('client_credentials')
  expect(as.introspection_endpoint).toBe(`${platform.origin}/oauth/introspect`)
  expect(as.token_endpoint_auth_methods_supported).toContain('private_key_jwt')
  expect(as.token_endpoint_auth_signing_alg_values_supported).toContain('ES256')
})

test('a platform without machines offers neither, and grants nothing', async () => {
  await using plain = await startPlatform()
  const as = await discover(plain.origin)
  expect(as.grant_types_supported).not.toContain('client_credentials')
  expect(as).not.toHaveProperty('introspection_endpoint')
  const headers = { authorization: basic('machine_ci', secret) }
  expect((await postForm(plain, '/oauth/token', grant, headers)).status).toBe(401)
  expect((await postForm(plain, '/oauth/introspect', { token: 'x' }, headers)).status).toBe(401)
})
