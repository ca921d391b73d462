/** `tools/call` of a 2025 client: what it sends inwards, and each form of answer (DESIGN §4.5). */
import { describe, expect, it, vi } from 'vitest'
import { AFTER_DISCONNECT_MS } from '#shared/gateway/legacy/limits.ts'
import { createEdge, type Edge } from './_input.ts'

const CALL = { id: 7, method: 'tools/call', params: { name: 'now', arguments: { zone: 'UTC' } } }
const COMPLETE = {
  jsonrpc: '2.0',
  id: 7,
  result: { resultType: 'complete', content: [{ type: 'text', text: 'noon' }] },
}
const ANSWER = { jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'noon' }] } }
const PROGRESS =
  '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}'
const encode = (text: string) => new TextEncoder().encode(text)

const streamed = (body: BodyInit) =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } })

async function callWith(answer: () => Response | Promise<Response>, session = true) {
  const edge = createEdge(answer)
  const headers = session
    ? { 'mcp-session-id': await edge.open({ capabilities: { roots: {} } }) }
    : {}
  return { edge, response: await edge.post(CALL, headers) }
}

const innerOf = (edge: Edge): unknown => JSON.parse(edge.calls[0]?.body ?? '')

describe('inwards', () => {
  it('is a 2026-07-28 request with what the session knows of the client', async () => {
    const { edge } = await callWith(() => Response.json(COMPLETE))
    expect(edge.calls[0]).toMatchObject({ method: 'tools/call', name: 'now' })
    expect(innerOf(edge)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: {
        name: 'now',
        arguments: { zone: 'UTC' },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': { roots: {} },
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/logLevel': 'info',
        },
      },
    })
  })

  it('declares nothing for a client without a session', async () => {
    const { edge } = await callWith(() => Response.json(COMPLETE), false)
    expect(innerOf(edge)).toMatchObject({
      params: { _meta: { 'io.modelcontextprotocol/clientCapabilities': {} } },
    })
  })
})

describe('JSON', () => {
  it('stays JSON', async () => {
    const { response } = await callWith(() => Response.json(COMPLETE))
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(ANSWER)
  })

  it('a bad envelope of ours is masked, not blamed on the client', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const error = { code: -32602, message: 'envelope detail' }
    const { response } = await callWith(() =>
      Response.json({ jsonrpc: '2.0', id: 7, error }, { status: 400 }),
    )
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toMatch(/Internal error \(ref [0-9a-f]{8}\)/)
    expect(text).not.toContain('envelope detail')
    vi.restoreAllMocks()
  })

  it('that is a notification answers nothing: masked', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const notification = JSON.stringify(JSON.parse(PROGRESS), undefined, 1)
    const { response } = await callWith(
      () => new Response(notification, { headers: { 'content-type': 'application/json' } }),
    )
    expect(await response.json()).toMatchObject({ id: 7, error: { code: -32603 } })
    vi.restoreAllMocks()
  })
})

describe('a refusal of the router', () => {
  it.each([
    [401, { error: 'unauthorized' }, { 'www-authenticate': 'Bearer x="y"' }],
    [403, { error: 'insufficient_scope' }, { 'www-authenticate': 'Bearer scope="a"' }],
    [404, { error: 'unknown_server' }, {}],
    [429, { error: 'slow_down' }, { 'retry-after': '9' }],
    [503, { jsonrpc: '2.0', id: 7, error: { code: -32000, message: 'm' } }, { 'retry-after': '5' }],
  ])('%i passes unchanged', async (status, body, headers) => {
    const { response } = await callWith(() => Response.json(body, { status, headers }))
    expect(response.status).toBe(status)
    expect(Object.fromEntries(response.headers)).toMatchObject(headers)
    expect(await response.json()).toEqual(body)
  })
})

describe('a stream', () => {
  it('stays one, event by event as they come', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const { response } = await callWith(() => streamed(readable))
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const [, runId] =
      /^id: ([\w-]{22})\.0\.Nw\ndata: \n\n$/.exec((await reader?.read())?.value ?? '') ?? []
    void writer.write(encode(`data: ${PROGRESS}\n\n: still here\n\n`))
    expect((await reader?.read())?.value).toBe(
      `id: ${runId}.1.Nw\nevent: message\ndata: ${PROGRESS}\n\n`,
    )
    expect((await reader?.read())?.value).toBe(': keepalive\n\n')
    void writer.write(encode(`data: ${JSON.stringify(COMPLETE)}\n\n`))
    expect((await reader?.read())?.value).toBe(
      `id: ${runId}.2.Nw.end\nevent: message\ndata: ${JSON.stringify(ANSWER)}\n\n`,
    )
    expect((await reader?.read())?.done).toBe(true)
  })

  it('whose events are spread over lines is passed on in events of one line', async () => {
    const lines = (value: unknown) =>
      `data: ${JSON.stringify(value, undefined, 1).replaceAll('\n', '\ndata: ')}\n\n`
    const body = lines(JSON.parse(PROGRESS)) + lines(COMPLETE)
    const { response } = await callWith(() => streamed(body))
    const data = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'))
    expect(data.map((line) => JSON.parse(line.slice(6)) as unknown)).toEqual([
      JSON.parse(PROGRESS),
      ANSWER,
    ])
  })

  it.each([
    ['ends without an answer', `data: ${PROGRESS}\n\n`],
    ['says what is no JSON-RPC', 'data: <html>\n\n'],
    ['sends a request', 'data: {"jsonrpc":"2.0","id":1,"method":"roots/list"}\n\n'],
  ])('that %s ends with a masked error, never with silence', async (_what, body) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { response } = await callWith(() => streamed(body))
    expect(await response.text()).toMatch(
      /"id":7,"error":\{"code":-32603,"message":"Internal error/,
    )
    vi.restoreAllMocks()
  })
})

describe('a client that leaves', () => {
  it('does not cancel: the run goes on to its end', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const { edge, response } = await callWith(() => streamed(readable))
    await response.body?.cancel()
    expect(edge.calls[0]?.signal.aborted).toBe(false)
    await writer.write(encode(`data: ${JSON.stringify(COMPLETE)}\n\n`))
    await Promise.all(edge.background)
    expect(edge.calls[0]?.signal.aborted).toBe(false)
  })

  it('is noticed by the request’s signal too, before anything is written', async () => {
    vi.useFakeTimers()
    const client = new AbortController()
    const edge = createEdge(() => streamed(new ReadableStream()))
    await edge.post(CALL, {}, undefined, client.signal)
    client.abort()
    await vi.advanceTimersByTimeAsync(AFTER_DISCONNECT_MS)
    expect(edge.calls[0]?.signal.aborted).toBe(true)
    vi.useRealTimers()
  })

  it('is noticed also when it left before the tool said anything', async () => {
    vi.useFakeTimers()
    const client = new AbortController()
    const edge = createEdge(() => {
      client.abort()
      return streamed(new ReadableStream())
    })
    await edge.post(CALL, {}, undefined, client.signal)
    await vi.advanceTimersByTimeAsync(AFTER_DISCONNECT_MS)
    expect(edge.calls[0]?.signal.aborted).toBe(true)
    vi.useRealTimers()
  })

  it('after 25 s the run is ended', async () => {
    vi.useFakeTimers()
    const { edge, response } = await callWith(() => streamed(new ReadableStream()))
    await response.body?.cancel()
    await vi.advanceTimersByTimeAsync(AFTER_DISCONNECT_MS - 1)
    expect(edge.calls[0]?.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(edge.calls[0]?.signal.aborted).toBe(true)
    vi.useRealTimers()
  })
})

describe('a question where none can be put', () => {
  const asks = (requests: object, requestState?: string) => () =>
    Response.json({
      jsonrpc: '2.0',
      id: 7,
      result: { resultType: 'input_required', inputRequests: requests, requestState },
    })
  const FORM = { name: { method: 'elicitation/create', params: { message: 'm' } } }

  it('is refused for want of the capability, without touching an object', async () => {
    const { response } = await callWith(asks(FORM))
    expect(await response.text()).toContain('Client does not support form elicitation.')
  })

  it('says without a session that it needs one', async () => {
    const { response } = await callWith(asks(FORM), false)
    expect(await response.text()).toContain('Mcp-Session-Id header is required')
  })

  it('of a kind nobody knows is masked', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { response } = await callWith(asks({ x: { method: 'shell/run', params: {} } }))
    expect(await response.text()).toContain('Internal error (ref')
    vi.restoreAllMocks()
  })

  it('with a state and no question is called again, and stays JSON', async () => {
    let rounds = 0
    const { edge, response } = await callWith(() =>
      rounds++ === 0 ? asks({}, 'again')() : Response.json(COMPLETE),
    )
    expect(await response.json()).toEqual(ANSWER)
    expect(JSON.parse(edge.calls[1]?.body ?? '')).toMatchObject({
      params: { requestState: 'again' },
    })
  })
})
