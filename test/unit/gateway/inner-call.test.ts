import { askServer, mcpHeadersOf } from '#shared/gateway/dispatch/inner-call.ts'
import { describe, expect, it } from 'vitest'
import { RESPONSE_BODY_MAX_BYTES, RESPONSE_STREAM_BOUNDS } from '#shared/gateway/limits.ts'

/** An endless body: it ends only when the reader cancels it. */
function endless(onCancel: () => void): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024)
  return new ReadableStream({
    pull: (controller) => controller.enqueue(chunk),
    cancel: onCancel,
  })
}

const callAnsweredBy = (answer: (init: RequestInit) => Response | undefined, unread = false) =>
  askServer({
    handle: {
      url: 'https://notes.mcp.internal/mcp',
      fetch: async (init) => answer(new Request('https://notes.mcp.internal/mcp', init)),
    },
    serverName: 'notes',
    assertion: 'assertion',
    decision: '{}',
    headers: {},
    body: '{}',
    signal: new AbortController().signal,
    unread,
  })

/** Good in all but its status. */
const refusal = (status: number): Response =>
  Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'no' } }, { status })
const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' }

describe('mcpHeadersOf', () => {
  it('passes nothing of the caller but MCP headers (DESIGN: the token never reaches a server)', () => {
    const request = new Request('https://mcp.example.com/notes/mcp', {
      headers: {
        authorization: 'Bearer secret',
        dpop: 'proof',
        cookie: 'a=b',
        'x-mcp-edge-principal': 'forged',
        'x-mcp-edge-decision': '{}',
        'x-forwarded-for': '10.0.0.1',
        'mcp-method': 'tools/call',
        'mcp-name': 'add',
        'mcp-param-region': 'eu',
        'mcp-param-other': 'not asked for',
      },
    })
    const region = { name: 'Region', path: ['region'], isInteger: false }
    expect(mcpHeadersOf(request, [region])).toEqual({
      'content-type': 'application/json',
      'mcp-method': 'tools/call',
      'mcp-name': 'add',
      'Mcp-Param-Region': 'eu',
    })
  })
})

describe('forward', () => {
  it('rebuilds a JSON answer from an allow-list: cookies and foreign headers end here', async () => {
    const outcome = await callAnsweredBy(
      () =>
        new Response('{"jsonrpc":"2.0"}', {
          headers: {
            ...jsonHeaders,
            'set-cookie': 'a=b',
            'x-evil': '1',
            'access-control-allow-origin': '*',
          },
        }),
    )
    if (outcome.kind !== 'answer') throw new Error(outcome.kind)
    expect(Object.fromEntries(outcome.response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    })
    expect(await outcome.response.text()).toBe('{"jsonrpc":"2.0"}')
  })

  it.each([
    ['text/html', () => new Response('<script>', { headers: { 'content-type': 'text/html' } })],
    ['no content type', () => new Response(new Uint8Array([1]))],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil/' } }),
    ],
    ['a 401 of its own', () => refusal(401)],
    ['a 403 of its own', () => refusal(403)],
    ['a status nobody agreed on', () => refusal(503)],
    [
      'a stream with an error status',
      () => new Response('x', { status: 500, headers: { 'content-type': 'text/event-stream' } }),
    ],
  ])('refuses %s with a reference', async (_, answer) => {
    expect(await callAnsweredBy(answer)).toMatchObject({
      kind: 'bad_answer',
      ref: expect.any(String),
    })
  })

  it('lets no redirect take the assertion to another address', async () => {
    let redirect: string | undefined
    await callAnsweredBy((request) => {
      redirect = request.redirect
      return undefined
    })
    expect(redirect).toBe('manual')
  })

  it('stops reading a JSON answer that is over its bound', async () => {
    let cancelled = false
    const body = endless(() => (cancelled = true))
    const outcome = await callAnsweredBy(() => new Response(body, { headers: jsonHeaders }))
    expect(outcome.kind).toBe('bad_answer')
    expect(cancelled).toBe(true)
    expect(RESPONSE_BODY_MAX_BYTES).toBeLessThan(128 * 1024 * 1024)
  })

  it('hands on what declares its length, without reading it', async () => {
    let pulled = 0
    const source = { pull: () => void (pulled += 1) }
    const body = () => new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
    const headers = { ...jsonHeaders, 'content-length': '9', 'x-evil': '1' }
    const outcome = await callAnsweredBy(() => new Response(body(), { headers }), true)
    if (outcome.kind !== 'answer') throw new Error(outcome.kind)
    expect(pulled).toBe(0)
    expect([...outcome.response.headers.keys()].toSorted()).toEqual([
      'cache-control',
      'content-security-policy',
      'content-type',
      'x-content-type-options',
    ])
  })

  it.each([
    ['declares more', { 'content-length': String(RESPONSE_BODY_MAX_BYTES + 1) }, true],
    ['declares what is no number', { 'content-length': 'ten' }, true],
    ['is packed', { 'content-length': '9', 'content-encoding': 'gzip' }, true],
    ['is read here', { 'content-length': '9' }, false],
  ])('reads within its bound an answer that %s', async (_, extra, unread) => {
    const body = endless(() => undefined)
    const headers = { ...jsonHeaders, ...extra }
    const outcome = await callAnsweredBy(() => new Response(body, { headers }), unread)
    expect(outcome.kind).toBe('bad_answer')
  })

  it('breaks off a stream that is over its bound', async () => {
    const body = endless(() => undefined)
    const headers = { 'content-type': 'text/event-stream' }
    const outcome = await callAnsweredBy(() => new Response(body, { headers }))
    if (outcome.kind !== 'answer') throw new Error(outcome.kind)
    let received = 0
    const reading = (async () => {
      for await (const chunk of outcome.response.body as ReadableStream<Uint8Array>) {
        received += chunk.byteLength
      }
    })()
    await expect(reading).rejects.toThrow('over its bound')
    expect(received).toBeLessThanOrEqual(RESPONSE_STREAM_BOUNDS.maxBytes)
  })

  it('tells a digest mismatch and an unknown server apart from answers', async () => {
    const mismatch = new Response('{}', { status: 409, headers: { 'x-mcp-edge-digest': 'other' } })
    expect(await callAnsweredBy(() => mismatch)).toEqual({ kind: 'digest_mismatch' })
    expect(await callAnsweredBy(() => undefined)).toEqual({ kind: 'unknown_server' })
  })

  it('masks a server that throws', async () => {
    const outcome = await callAnsweredBy(() => {
      throw new Error('secret detail')
    })
    expect(outcome).toEqual({ kind: 'bad_answer', ref: expect.any(String) })
  })
})
