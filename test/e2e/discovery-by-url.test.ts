/**
 * The URL form of SERVERS (DESIGN §2): servers deployed on addresses of their own.
 * Those addresses are public, so here everybody can go straight to a server, and a
 * name that has no server answers a page of somebody else.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { mintAssertion, type SigningKey } from '#shared/identity/assertion.ts'
import { DECISION_HEADER, encodeDecision, PRINCIPAL_HEADER } from '#shared/contracts/inner-wire.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send, type Got, type Wire } from './_wire.ts'

const ADDRESS = /^https:\/\/([a-z-]+)\.servers\.example\/mcp$/

let platform: Platform
/** Requests that reached the address of a server, by name. */
const reached: string[] = []

beforeAll(async () => {
  platform = await startPlatform({
    authorServers: ['test/servers/trouble'],
    vars: { router: { SERVERS_URL: 'https://{name}.servers.example' } },
  })
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init)
    const [, name] = ADDRESS.exec(request.url) ?? []
    if (name === undefined) return real(input, init)
    reached.push(name)
    return atAddress(name, request)
  })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await platform.close()
})

/** What the internet answers there: the server, or somebody's page. */
async function atAddress(name: string, request: Request): Promise<Response> {
  if (name !== 'trouble') {
    return new Response('<h1>There is nothing here yet</h1>', {
      status: 404,
      headers: { 'content-type': 'text/html' },
    })
  }
  const answer = await platform.worker(name).fetch(request.url, {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  })
  return new Response(answer.body as ReadableStream | null, {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
  })
}

const post = (server: string, wire: Wire): Promise<Got> =>
  send(platform.origin, { path: `/${server}/mcp`, ...wire })

test('a server at its own address is found, listed and called, in both eras', async () => {
  const token = await mintToken(platform.mcpUrl('trouble'))
  for (const make of [modern, legacy]) {
    const list = await post('trouble', make('tools/list', {}, { token }))
    expect(list.message.result?.tools?.map(({ name }) => name)).toContain('record')
    const call = { name: 'record', arguments: { mark: 'by-url' } }
    const got = await post('trouble', make('tools/call', call, { token }))
    expect(got.message.result?.content?.[0]?.text).toContain('"mark":"by-url"')
  }
  expect(reached).toContain('trouble')
})

test('a name without a server costs one look, and answers as unknown', async () => {
  const token = await mintToken(platform.mcpUrl('nobody'))
  for (let times = 0; times < 3; times++) {
    expect((await post('nobody', modern('tools/list'))).status).toBe(401)
    expect((await post('nobody', modern('tools/list', {}, { token }))).status).toBe(404)
  }
  expect(reached.filter((name) => name === 'nobody')).toHaveLength(1)
})

describe('straight to the address, past the router', () => {
  const straight = (headers: Record<string, string>): Promise<Response> => {
    const wire = modern('tools/call', { name: 'record', arguments: { mark: 'straight' } })
    return fetch('https://trouble.servers.example/mcp', {
      method: 'POST',
      headers: { ...wire.headers, ...headers },
      body: wire.body,
    })
  }

  test.each([
    ['nothing', async () => ({})],
    [
      'a good access token',
      async () => ({ authorization: `Bearer ${await mintToken(platform.mcpUrl('trouble'))}` }),
    ],
    [
      'an assertion meant for another server',
      async () => {
        const key = JSON.parse((await devSecrets()).router.SIGNING_KEY) as SigningKey
        const principal = { subject: 'a', tenant: 'default', clientId: 'c', scopes: [] }
        const nowSeconds = Math.floor(Date.now() / 1000)
        return {
          [PRINCIPAL_HEADER]: await mintAssertion(key, 'clock', principal, nowSeconds),
          [DECISION_HEADER]: encodeDecision({ method: 'tools/call', name: 'record' }),
        }
      },
    ],
  ])('with %s: 401, and no handler ran', async (_, headers) => {
    expect((await straight(await headers())).status).toBe(401)
    const token = await mintToken(platform.mcpUrl('trouble'))
    const { message } = await post('trouble', modern('tools/call', { name: 'recorded' }, { token }))
    expect(message.result?.structuredContent?.['calls']).not.toContain('record:straight')
  })
})
