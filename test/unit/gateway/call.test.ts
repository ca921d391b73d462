import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY } from '#shared/catalog/entry.ts'
import { compileServer } from '#shared/catalog/list.ts'
import { callServer } from '#shared/gateway/call.ts'
import type { McpRequest } from '#shared/gateway/mcp-request.ts'

const tool = (name: string, readOnlyHint: boolean) => ({
  wire: { name, description: name, inputSchema: { type: 'object' }, annotations: { readOnlyHint } },
  scopes: [],
})

/** As the earlier steps would hand it on, with a server that would answer. */
function exchangeWith(feed: { unreachable: boolean }) {
  const reached: RequestInit[] = []
  const handle = {
    url: 'https://notes.mcp.internal/mcp',
    fetch: (init: RequestInit) => {
      reached.push(init)
      return Promise.resolve(
        new Response('{"jsonrpc":"2.0","id":1,"result":{}}', {
          headers: { 'content-type': 'application/json' },
        }),
      )
    },
  }
  const compiled = compileServer({
    name: 'notes',
    digest: 'd',
    definitions: {
      serverInfo: { name: 'notes', version: '1' },
      tools: [tool('read', true), tool('write', false)],
    },
  })
  const exchange = {
    request: new Request('https://mcp.example.com/notes/mcp', { method: 'POST' }),
    gateway: {
      publicOrigin: 'https://mcp.example.com',
      signingKey: {},
      clock: { nowMs: () => Date.now() },
      limiter: { admit: () => undefined },
      meter: { record: () => undefined },
    },
    caller: {
      server: 'notes',
      principal: { subject: 'ada', tenant: 'default', clientId: 'c', scopes: [] },
      grantId: 'g',
      issuedAtSeconds: 0,
      expiresAtSeconds: Infinity,
      assertion: { text: 'assertion', renewAtSeconds: Infinity },
    },
    server: {
      name: 'notes',
      policy: DEFAULT_POLICY,
      arm: { digest: 'd' },
      compiled,
      handle,
      seal: [{ kid: 'k1', secret: 's' }],
      decisions: new Map(),
    },
    feed: { view: { revokedGrants: new Set() }, ...feed },
    nowSeconds: 1_800_000_000,
  }
  return { exchange: exchange as unknown as McpRequest, reached }
}

const call = (exchange: McpRequest, name: string) =>
  callServer(exchange, { method: 'tools/call', name, headers: {}, body: `{"id":1,"m":"${name}"}` })

describe('callServer while revocations cannot be checked (DESIGN §2)', () => {
  it('refuses a tool that is not read-only with 503, and does not reach the server', async () => {
    const { exchange, reached } = exchangeWith({ unreachable: true })
    const answer = await call(exchange, 'write')
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect(reached).toEqual([])
  })

  it('lets read-only tools run on', async () => {
    const { exchange, reached } = exchangeWith({ unreachable: true })
    expect((await call(exchange, 'read')).status).toBe(200)
    expect(reached).toHaveLength(1)
  })

  it('lets every tool run when they can be checked', async () => {
    const { exchange, reached } = exchangeWith({ unreachable: false })
    expect((await call(exchange, 'write')).status).toBe(200)
    expect(reached).toHaveLength(1)
  })
})
