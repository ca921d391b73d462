/** The 2025 transport: sessions, HTTP rules, methods (2025-11-25 basic/transports, basic/lifecycle). */
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { SESSION_LIFETIME_SECONDS } from '#shared/gateway/legacy/limits.ts'
import {
  ALICE,
  BOB,
  createEdge,
  initializeMessage,
  JSON_HEADERS,
  STRANGER,
  type Sent,
} from './_input.ts'

interface Answer {
  result?: Record<string, unknown>
  error?: { code: number; message: string }
  id?: unknown
}
const json = async (response: Response) => (await response.json()) as Answer

describe('initialize', () => {
  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['2099-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ])('asked for %s answers %s', async (requested, negotiated) => {
    const { result } = await json(await createEdge().post(initializeMessage(requested)))
    expect(result).toEqual({
      protocolVersion: negotiated,
      capabilities: { tools: {} },
      serverInfo: { name: 'clock', version: '1' },
      instructions: 'Ask for the time',
    })
  })

  it('begins a new session even when an old or a foreign id comes with it', async () => {
    const edge = createEdge()
    const old = await edge.open()
    const again = await edge.post(initializeMessage('2025-11-25'), { 'mcp-session-id': old })
    expect(again.status).toBe(200)
    expect(again.headers.get('mcp-session-id')).not.toBe(old)
    const foreign = await edge.post(initializeMessage('2025-11-25'), { 'mcp-session-id': 'x' })
    expect(foreign.status).toBe(200)
  })

  it('without its params is −32602', async () => {
    const { error } = await json(await createEdge().post({ id: 1, method: 'initialize' }))
    expect(error?.code).toBe(-32602)
  })
})

describe('a session', () => {
  const PING = { id: 1, method: 'ping' }
  let edge = createEdge()
  let id = ''
  const ping = (sessionId: string, principal = ALICE) =>
    edge.post(PING, { 'mcp-session-id': sessionId }, principal)

  beforeEach(async () => {
    edge = createEdge()
    id = await edge.open()
  })

  it('answers ping', async () => {
    expect(await json(await ping(id))).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  })

  it.each([
    ['another principal', () => ping(id, BOB)],
    ['a stranger', () => ping(id, STRANGER)],
    ['a tampered id', () => ping(`${id.slice(0, -3)}AAA`)],
    [
      'another server',
      () => createEdge(undefined, { serverName: 'notes' }).post(PING, { 'mcp-session-id': id }),
    ],
    [
      'a session of 30 days ago',
      () =>
        createEdge(undefined, { nowSeconds: 1_800_000_000 + SESSION_LIFETIME_SECONDS }).post(PING, {
          'mcp-session-id': id,
        }),
    ],
  ])('is not found for %s', async (_who, send) => {
    const response = await send()
    expect(response.status).toBe(404)
    expect((await json(response)).error).toEqual({ code: -32001, message: 'Session not found' })
  })

  it('once deleted answers 404 to everything, until its id would have expired', async () => {
    const headers = { ...JSON_HEADERS, 'mcp-session-id': id }
    expect((await edge.handle({ method: 'DELETE', headers })).status).toBe(200)
    expect([...edge.deleted.values()]).toEqual([1_800_000_000 + SESSION_LIFETIME_SECONDS])
    expect((await ping(id)).status).toBe(404)
    expect((await edge.handle({ method: 'GET', headers })).status).toBe(404)
    expect((await edge.handle({ method: 'DELETE', headers })).status).toBe(404)
    expect((await edge.post({ id: 'x', result: {} }, headers)).status).toBe(404)
  })

  it('of another cannot be deleted', async () => {
    const headers = { ...JSON_HEADERS, 'mcp-session-id': id }
    expect((await edge.handle({ method: 'DELETE', headers }, BOB)).status).toBe(404)
    expect(edge.deleted.size).toBe(0)
  })

  it('of a stranger on a public server hangs on its id alone', async () => {
    const theirs = await edge.open({ principal: STRANGER })
    expect((await ping(theirs, STRANGER)).status).toBe(200)
  })

  it('has no stream to open: 405, and Allow says what there is', async () => {
    const headers = { accept: 'text/event-stream', 'mcp-session-id': id }
    const response = await edge.handle({ method: 'GET', headers })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, DELETE'])
  })
})

describe('without a session', () => {
  const edge = createEdge(
    () =>
      Response.json(
        {
          jsonrpc: '2.0',
          id: 1,
          error: { code: -32021, message: 'm', data: { requiredCapabilities: { sampling: {} } } },
        },
        { status: 400 },
      ),
    { lists: { tools: '[{"name":"now"}]' } },
  )

  it('lists, pings and takes notifications', async () => {
    const list = await edge.post({ id: 1, method: 'tools/list' })
    expect((await json(list)).result).toEqual({ tools: [{ name: 'now' }] })
    expect((await edge.post({ id: 1, method: 'ping' })).status).toBe(200)
    expect((await edge.post({ method: 'notifications/initialized' })).status).toBe(202)
  })

  it('needs one where a question would have to find its way back', async () => {
    const call = await edge.post({ id: 1, method: 'tools/call', params: { name: 'ask' } })
    expect(call.status).toBe(400)
    expect((await edge.post({ id: 'ask-x', result: {} })).status).toBe(400)
    expect((await edge.handle({ method: 'DELETE' })).status).toBe(400)
  })
})

describe('methods', () => {
  it.each(['logging/setLevel', 'resources/list', 'server/discover', 'nonsense'])(
    '%s is unknown: no capability promises it',
    async (method) => {
      const response = await createEdge().post({ id: 3, method })
      expect(response.status).toBe(200)
      expect(await json(response)).toMatchObject({ id: 3, error: { code: -32601 } })
    },
  )

  it('a cursor nobody handed out is −32602', async () => {
    const response = await createEdge().post({
      id: 3,
      method: 'tools/list',
      params: { cursor: 'x' },
    })
    expect((await json(response)).error?.code).toBe(-32602)
  })

  it('a body of 2026-07-28 under no or a 2025 header is −32020, and calls nobody', async () => {
    const edge = createEdge()
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
    const message = { id: 3, method: 'tools/call', params: { name: 'x', _meta } }
    for (const version of [undefined, '2025-11-25']) {
      const response = await edge.post(message, { 'mcp-protocol-version': version })
      expect(response.status).toBe(400)
      expect((await json(response)).error?.code).toBe(-32020)
    }
    expect(edge.calls).toHaveLength(0)
  })
})

describe('HTTP rules, as the official SDK 1.x server has them', () => {
  const initialize = JSON.stringify({ jsonrpc: '2.0', ...initializeMessage('2025-11-25') })
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

  async function sdk() {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
    })
    await new Server({ name: 's', version: '1' }, { capabilities: {} }).connect(transport)
    return (sent: Sent) => transport.handleRequest(requestOf(sent))
  }
  const requestOf = ({ method = 'POST', headers = {}, body }: Sent) =>
    new Request('https://edge.example/clock/mcp', {
      method,
      headers: headers as Record<string, string>,
      ...(body === undefined ? {} : { body }),
    })
  async function outcome(response: Response) {
    const type = response.headers.get('content-type')
    const error = type === 'application/json' ? (await json(response)).error : undefined
    return { status: response.status, ...error }
  }

  it.each<[string, Sent]>([
    [
      'Accept without event streams',
      { headers: { ...JSON_HEADERS, accept: 'application/json' }, body: ping },
    ],
    [
      'Accept without JSON',
      { headers: { ...JSON_HEADERS, accept: 'text/event-stream' }, body: ping },
    ],
    [
      'another content type',
      { headers: { ...JSON_HEADERS, 'content-type': 'text/plain' }, body: ping },
    ],
    [
      'a media type with JSON in its name',
      { headers: { ...JSON_HEADERS, 'content-type': 'text/application/json' }, body: ping },
    ],
    [
      'a foreign session',
      { headers: { ...JSON_HEADERS, 'mcp-session-id': 'foreign' }, body: ping },
    ],
    ['DELETE of a foreign session', { method: 'DELETE', headers: { 'mcp-session-id': 'foreign' } }],
    ['DELETE of no session', { method: 'DELETE' }],
    [
      'a response without a session',
      { headers: JSON_HEADERS, body: '{"jsonrpc":"2.0","id":1,"result":{}}' },
    ],
  ])('%s: same status, code and sentence', async (_what, sent) => {
    const send = await sdk()
    await send({ headers: JSON_HEADERS, body: initialize })
    expect(await outcome(await createEdge().handle(sent))).toEqual(await outcome(await send(sent)))
  })

  it.each(['2099-01-01', 'nonsense'])(
    'version header %s: same status and code',
    async (version) => {
      const send = await sdk()
      const opened = await send({ headers: JSON_HEADERS, body: initialize })
      const edge = createEdge()
      const sentTo = (id: string): Sent => ({
        headers: { ...JSON_HEADERS, 'mcp-session-id': id, 'mcp-protocol-version': version },
        body: ping,
      })
      const theirs = await outcome(await send(sentTo(opened.headers.get('mcp-session-id') ?? '')))
      const ours = await outcome(await edge.handle(sentTo(await edge.open())))
      expect([ours.status, ours.code]).toEqual([theirs.status, theirs.code])
      expect(ours.status).toBe(400)
    },
  )

  it.each([
    ['malformed JSON', '{', -32700],
    ['no JSON-RPC', '{"a":1}', -32600],
    ['an empty batch', '[]', -32600],
  ])('%s is 400', async (_what, body, code) => {
    const response = await createEdge().handle({ headers: JSON_HEADERS, body })
    expect(await outcome(response)).toMatchObject({ status: 400, code })
  })
})
