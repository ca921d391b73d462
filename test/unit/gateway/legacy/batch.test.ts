/** JSON-RPC batches (2025-03-26 basic/transports; JSON-RPC 2.0 §6). */
import { describe, expect, it } from 'vitest'
import { BATCH_ITEMS_MAX } from '#shared/gateway/legacy/limits.ts'
import type { InnerCall } from '#shared/gateway/legacy/input.ts'
import { createEdge, JSON_HEADERS, type Edge } from './_input.ts'

const VERSION = '2025-03-26'
const ping = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'ping' })
const call = (id: unknown, name = 'now') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name },
})
const note = { jsonrpc: '2.0', method: 'notifications/initialized' }

const idOf = ({ body }: InnerCall): unknown => (JSON.parse(body) as { id: unknown }).id
const text = (inner: InnerCall): Response =>
  Response.json({
    jsonrpc: '2.0',
    id: idOf(inner),
    result: { resultType: 'complete', content: [{ type: 'text', text: inner.name }] },
  })

const batch = (edge: Edge, items: unknown, headers: Record<string, string> = {}) =>
  edge.handle({
    headers: { ...JSON_HEADERS, 'mcp-protocol-version': VERSION, ...headers },
    body: JSON.stringify(items),
  })

describe('a batch', () => {
  it('of requests and notifications answers one array: an answer for each request', async () => {
    const response = await batch(createEdge(text), [ping(1), note, call('1'), call(2, 'then')])
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject([
      { id: 1, result: {} },
      { id: '1', result: { content: [{ text: 'now' }] } },
      { id: 2, result: { content: [{ text: 'then' }] } },
    ])
  })

  it('of notifications and responses alone answers 202 and nothing', async () => {
    const edge = createEdge()
    const session = { 'mcp-session-id': await edge.open({ version: VERSION }) }
    const response = await batch(edge, [note, { jsonrpc: '2.0', id: 9, result: {} }], session)
    expect([response.status, await response.text()]).toEqual([202, ''])
  })

  it('authorises each item on its own: a refusal is one item’s answer', async () => {
    const edge = createEdge((inner) =>
      inner.name === 'write'
        ? Response.json(
            { error: 'insufficient_scope', error_description: 'This call needs the scope w' },
            { status: 403 },
          )
        : text(inner),
    )
    const response = await batch(edge, [call(1), call(2, 'write')])
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject([
      { id: 1, result: {} },
      { id: 2, error: { code: -32000, message: 'This call needs the scope w' } },
    ])
    expect(edge.calls.map(({ name }) => name)).toEqual(['now', 'write'])
  })

  it('answers what is no message with −32600, and the rest', async () => {
    const response = await batch(createEdge(), [1, { jsonrpc: '2.0', id: 7 }, ping(2), []])
    expect(await response.json()).toMatchObject([
      { id: null, error: { code: -32600 } },
      { id: 7, error: { code: -32600 } },
      { id: 2, result: {} },
      { id: null, error: { code: -32600 } },
    ])
  })

  it('becomes one stream when an item does; it has no ids, so nothing of it seems resumable', async () => {
    const edge = createEdge((inner) =>
      inner.name === 'slow'
        ? text(inner)
            .text()
            .then((json) => `: hi\n\ndata: ${json}\n\n`)
            .then(
              (body) => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
            )
        : text(inner),
    )
    const session = { 'mcp-session-id': await edge.open({ version: VERSION }) }
    const response = await batch(edge, [ping(1), call(2, 'slow'), call(3, 'slow')], session)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const lines = (await response.text()).split('\n')
    const ids = lines
      .filter((line) => line.startsWith('data: '))
      .map((line) => (JSON.parse(line.slice(6)) as { id: number }).id)
    expect(ids[0]).toBe(1)
    expect(new Set(ids)).toEqual(new Set([1, 2, 3]))
    expect(lines.filter((line) => line.startsWith('id:'))).toEqual([])
  })

  it('carries the new session id of a log level set in it', async () => {
    const edge = createEdge(text, { capabilities: { tools: {}, logging: {} } })
    const session = { 'mcp-session-id': await edge.open({ version: VERSION }) }
    const level = { jsonrpc: '2.0', id: 1, method: 'logging/setLevel', params: { level: 'error' } }
    const response = await batch(edge, [level, ping(2)], session)
    expect(response.headers.get('mcp-session-id')).toMatch(/^k1\./)
  })
})

describe('no batch', () => {
  const many = (count: number) => Array.from({ length: count }, (_, id) => ping(id))

  it.each([
    ['an empty one', []],
    ['one too large', many(BATCH_ITEMS_MAX + 1)],
    ['one that begins a session', [{ ...ping(1), method: 'initialize' }]],
    ['one with an id twice', [ping(1), ping(2), ping(1)]],
  ])('is %s: 400 and −32600', async (_, items) => {
    const edge = createEdge()
    const response = await batch(edge, items)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ id: null, error: { code: -32600 } })
  })

  it('is one with a request of the other era in it: −32020, and nothing runs', async () => {
    const edge = createEdge(text)
    const modern = {
      ...call(2),
      params: { name: 'now', _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    }
    const response = await batch(edge, [call(1), modern])
    expect([response.status, edge.calls.length]).toEqual([400, 0])
    expect(await response.json()).toMatchObject({ error: { code: -32020 } })
  })

  it('takes as many as it says', async () => {
    const response = await batch(createEdge(), many(BATCH_ITEMS_MAX))
    expect(await response.json()).toHaveLength(BATCH_ITEMS_MAX)
  })

  it.each(['2024-11-05', '2025-06-18', '2025-11-25'])('is known to %s: 400', async (version) => {
    const edge = createEdge()
    const byHeader = await batch(edge, [ping(1)], { 'mcp-protocol-version': version })
    expect(byHeader.status).toBe(400)
    // The session counts, not what a header says beside it.
    const session = { 'mcp-session-id': await edge.open({ version }) }
    const bySession = await batch(edge, [ping(1)], session)
    expect(bySession.status).toBe(400)
    expect(await bySession.json()).toMatchObject({ error: { code: -32600 } })
  })

  it('without a session and a version is of 2025-03-26, as the revision after it says', async () => {
    const response = await createEdge().handle({
      headers: JSON_HEADERS,
      body: JSON.stringify([ping(1)]),
    })
    expect(await response.json()).toMatchObject([{ id: 1 }])
  })
})

describe('the form of an answer', () => {
  const edge = createEdge(text)
  const answered = async (accept: string) => {
    const response = await edge.post(call(1), { accept })
    return [response.headers.get('content-type'), await response.text()]
  }

  it('is JSON, unless the client names event streams first', async () => {
    const [json, body] = await answered('application/json, text/event-stream')
    expect(json).toBe('application/json')
    expect(await answered('*/*')).toEqual([json, body])
    expect(await answered('text/event-stream, application/json')).toEqual([
      'text/event-stream',
      `event: message\ndata: ${body}\n\n`,
    ])
  })
})
