import { describe, expect, it } from 'vitest'
import {
  discoverResult,
  successJson,
  listResult,
} from '#shared/protocol/revisions/2026-07-28/results.ts'
import { sseMessage } from '#shared/protocol/revisions/2026-07-28/sse.ts'
import { readBody } from '#shared/protocol/body.ts'
import { errorResponse, methodNotAllowed, methodNotFound } from '#shared/protocol/errors.ts'
import {
  acceptsJsonAndEventStream,
  decodeHeaderValue,
  encodeHeaderValue,
  isJsonContentType,
} from '#shared/protocol/headers.ts'
import { echoableId, parseMessage } from '#shared/protocol/jsonrpc.ts'

describe('header values (SEP-2243)', () => {
  it.each(['plain', 'größe', ' padded ', '=?base64?literal', 'a\nb', '', '日本'])(
    'come back as sent: %j',
    (text) => {
      const encoded = encodeHeaderValue(text)
      expect(encoded).toMatch(/^[\x20-\x7e]*$/)
      expect(decodeHeaderValue(encoded)).toBe(text)
    },
  )

  it.each([
    '=?base64?YQ?=',
    '=?base64?Y Q==?=',
    '=?base64?YQ=?=',
    '=?base64?_w==?=',
    '=?base64?/w==?=',
  ])('are refused with bad padding, a bad alphabet or no UTF-8: %s', (value) => {
    expect(decodeHeaderValue(value)).toBeUndefined()
  })

  it('are literal without both prefix and suffix', () => {
    expect(decodeHeaderValue('=?base64?YQ==')).toBe('=?base64?YQ==')
    expect(decodeHeaderValue('YQ==?=')).toBe('YQ==?=')
  })
})

describe('content negotiation', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/json-seq', false],
    ['text/plain; a=application/json', false],
    [null, false],
  ])('%s is JSON: %s', (header, expected) => {
    expect(isJsonContentType(header)).toBe(expected)
  })

  it.each([
    ['application/json, text/event-stream', true],
    ['text/event-stream;q=0.5,application/json', true],
    ['*/*', true],
    ['application/json', false],
    [null, false],
  ])('%s accepts both answers: %s', (header, expected) => {
    expect(acceptsJsonAndEventStream(header)).toBe(expected)
  })
})

describe('a body', () => {
  const post = (body: BodyInit, headers: Record<string, string> = {}): Request =>
    new Request('http://x/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)

  it('is read within its bound, split characters whole', async () => {
    const bytes = new TextEncoder().encode('{"ä":1}')
    const split = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]))
        controller.close()
      },
    })
    expect(await readBody(post(split), bytes.length)).toEqual({ ok: true, value: '{"ä":1}' })
  })

  it('that breaks off is a parse error (−32700)', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    expect(await readBody(post(broken), 10)).toMatchObject({ failure: { code: -32700 } })
  })
})

describe('messages (JSON-RPC 2.0)', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"a"}', 'request'],
    ['{"jsonrpc":"2.0","method":"a","params":{}}', 'notification'],
    ['{"jsonrpc":"2.0","id":"x","result":{}}', 'response'],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}', 'response'],
  ])('%s is a %s', (text, kind) => {
    expect(parseMessage(text)).toMatchObject({ ok: true, value: { kind } })
  })

  it.each([
    ['{', -32700],
    ['', -32700],
    ['[]', -32600],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', -32600],
    ['{"jsonrpc":"2.0","id":1,"result":7}', -32600],
  ])('%s is refused with %s', (text, code) => {
    expect(parseMessage(text)).toMatchObject({ ok: false, failure: { code } })
  })

  it('echo the id of a request, also of a malformed one, and of nothing else', () => {
    expect(echoableId({ id: 7, method: 'a', extra: 1 })).toBe(7)
    expect(echoableId({ id: 7, result: {} })).toBeNull()
    expect(echoableId({ id: {}, method: 'a' })).toBeNull()
    expect(echoableId([])).toBeNull()
  })
})

describe('answers', () => {
  const serverInfo = { name: 'notes', version: '1.0.0' }
  const _meta = { 'io.modelcontextprotocol/serverInfo': serverInfo }

  it('an error carries its status, its id and no data it does not have', async () => {
    const response = errorResponse('a', methodNotFound(), { 'x-test': '1' })
    expect([response.status, response.headers.get('x-test')]).toEqual([404, '1'])
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      error: { code: -32601, message: 'Method not found' },
      id: 'a',
    })
    expect(errorResponse(null, methodNotAllowed()).headers.get('allow')).toBe('POST')
  })

  it('a list is its serialised tools and a cache hint', () => {
    const result = listResult('tools', '[{"name":"a"}]', serverInfo, {
      ttlMs: 5,
      cacheScope: 'public',
    })
    expect(JSON.parse(successJson(1, result))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        tools: [{ name: 'a' }],
        ttlMs: 5,
        cacheScope: 'public',
        _meta,
      },
    })
  })

  it('discovery names versions, capabilities and the server', () => {
    const parts = { serverInfo, capabilities: { tools: {} }, supportedVersions: ['2026-07-28'] }
    expect(JSON.parse(discoverResult({ ...parts, instructions: 'Ask first.' }))).toEqual({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      instructions: 'Ask first.',
      ttlMs: 0,
      cacheScope: 'private',
      _meta,
    })
  })

  it('an event holds one message on one line', () => {
    expect(sseMessage(JSON.stringify({ text: 'a\nb' }))).toBe(
      'event: message\ndata: {"text":"a\\nb"}\n\n',
    )
  })
})
