/**
 * What a client may get wrong in a body, and what a tool may get wrong: each with
 * its status, its code and a sentence that says what to do (DESIGN §4.10; PROTOCOL §1).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { jsonHeaders, legacy, LEGACY, modern, MODERN, send, type Got, type Wire } from './_wire.ts'

const PATH = '/trouble/mcp'
const BODY_MAX_BYTES = 4 * 1024 * 1024
const SENTENCE = /^[A-Z][^]{10,}/

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

const post = (wire: Partial<Wire>): Promise<Got> => send(platform.origin, { path: PATH, ...wire })

/** A good request whose headers and body are then spoilt. */
function spoilt(make: typeof modern, spoil: Partial<Wire>): Promise<Got> {
  const { headers, body } = make('tools/list', {}, { token })
  return post({ headers: { ...headers, ...spoil.headers }, body: spoil.body ?? body })
}

describe.each(ERAS)('a body no client should send, $era', ({ make }) => {
  const list = JSON.parse(make('tools/list').body) as Record<string, unknown>
  const bodies: [what: string, body: string, status: number, code: number][] = [
    ['half a JSON document', '{"jsonrpc":"2.0","id":1,', 400, -32700],
    ['nothing at all', '', 400, -32700],
    ['JSON that is no message', '"tools/list"', 400, -32600],
    ['a message of JSON-RPC 1', JSON.stringify({ ...list, jsonrpc: '1.0' }), 400, -32600],
    ['an object as id', JSON.stringify({ ...list, id: {} }), 400, -32600],
    ['null as id', JSON.stringify({ ...list, id: null }), 400, -32600],
    ['params that are a list', JSON.stringify({ ...list, params: [] }), 400, -32600],
    ['members JSON-RPC does not know', JSON.stringify({ ...list, extra: 1 }), 400, -32600],
    ['a batch', JSON.stringify([list]), 400, -32600],
    ['an empty batch', '[]', 400, -32600],
    ['brackets nested 100 000 deep', `${'['.repeat(1e5)}${']'.repeat(1e5)}`, 400, -32600],
  ]
  test.each(bodies)('%s: %s answers %i and %i', async (_, body, status, code) => {
    const got = await spoilt(make, { body })
    expect(got.status).toBe(status)
    expect(got.message.error).toMatchObject({ code, message: expect.stringMatching(SENTENCE) })
    expect(got.message.id).toBeOneOf([null, 1])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'content type "%s" answers 415',
    async (type) => {
      const got = await spoilt(make, { headers: { 'content-type': type } })
      expect(got.status).toBe(415)
      expect(got.message.error?.message).toContain('application/json')
    },
  )

  test('a content type with parameters and capitals is accepted', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect((await spoilt(make, { headers })).status).toBe(200)
  })

  test('a body announced over the limit answers 413', async () => {
    const got = await spoilt(make, { body: ' '.repeat(BODY_MAX_BYTES + 1) })
    expect(got.status).toBe(413)
    expect(got.message.error?.message).toContain(`${BODY_MAX_BYTES} bytes`)
  })

  test('a body that grows over the limit in chunks answers 413', async () => {
    const { headers } = make('tools/list', {}, { token })
    const piece = Buffer.alloc(1024 * 1024, ' ')
    const got = await send(platform.origin, { path: PATH, headers, body: Array(6).fill(piece) })
    expect(got.status).toBe(413)
    expect(got.message.error?.message).toContain(`${BODY_MAX_BYTES} bytes`)
  })

  test('an unknown method answers -32601', async () => {
    const got = await post(make('tools/destroy', {}, { token }))
    expect(got.status).toBe(make === modern ? 404 : 200)
    expect(got.message).toMatchObject({ id: 1, error: { code: -32601 } })
  })

  test('a cursor nobody handed out answers -32602', async () => {
    const got = await post(make('tools/list', { cursor: 'x' }, { token }))
    expect(got.message.error).toMatchObject({ code: -32602, message: 'Invalid cursor' })
  })
})

describe.each(ERAS)('a call no tool can answer, $era', ({ make }) => {
  const call = async (name: string, args?: unknown): Promise<Got> =>
    post(make('tools/call', { name, arguments: args }, { token, id: 'c-1' }))

  test('an unknown tool answers -32602 and names it', async () => {
    const got = await call('nowhere')
    expect(got.status).toBe(200)
    expect(got.message).toMatchObject({
      id: 'c-1',
      error: { code: -32602, message: 'Unknown tool: nowhere' },
    })
  })

  test.each(['constructor', '__proto__', 'toString'])(
    'a tool named like a member of every object is unknown: %s',
    async (name) => {
      expect((await call(name)).message.error).toMatchObject({ code: -32602 })
    },
  )

  test.each([[[]], ['text'], [null], [7]])('arguments %j answer -32602', async (args) => {
    expect((await call('record', args)).message).toMatchObject({ error: { code: -32602 } })
  })

  test('no name answers -32602', async () => {
    const got = await post(make('tools/call', { arguments: {} }, { token }))
    expect(got.message.error).toMatchObject({ code: -32602 })
  })

  test.each([
    ['count', { mark: 'm', count: 0 }],
    ['mark', {}],
    ['mark', { mark: 12 }],
    ['mark', { mark: 'x'.repeat(81) }],
  ])('arguments that fail the schema come back as an error naming %s', async (field, args) => {
    const { status, message } = await call('record', args)
    expect(status).toBe(200)
    expect(message.result?.isError).toBe(true)
    expect(message.result?.content?.[0]?.text).toMatch(
      new RegExp(`Invalid arguments for tool record:\n- ${field}: `),
    )
  })

  test('arguments nested 100 000 deep are no reason to fail', async () => {
    const deep = `${'['.repeat(1e5)}${']'.repeat(1e5)}`
    const { headers, body } = make(
      'tools/call',
      { name: 'record', arguments: { mark: 'm' } },
      { token },
    )
    const got = await post({
      headers,
      body: body.replace('"mark":"m"', `"mark":"m","deep":${deep}`),
    })
    expect(got.message.result?.content?.[0]?.text).toContain('"mark":"m"')
  })
})

describe.each(ERAS)('a tool that misbehaves, $era', ({ make }) => {
  const textOf = async (name: string): Promise<string> => {
    const { status, message } = await post(make('tools/call', { name }, { token }))
    expect(status).toBe(200)
    expect(message.result?.isError).toBe(true)
    return message.result?.content?.[0]?.text ?? ''
  }

  test('throws: the caller gets a reference, the log the reason', async () => {
    const text = await textOf('throws')
    const [, ref] = /^Internal error \(ref ([0-9a-f]{8})\)$/.exec(text) ?? []
    expect(ref).toBeDefined()
    await expect
      .poll(() => platform.logs().find((line) => line.includes(ref!)))
      .toContain('hunter2')
  })

  test('throws a ToolError: its sentence and hint reach the model', async () => {
    expect(await textOf('refuses')).toBe('The shelf is empty.\nCall restock first.\nRetry in 2 s.')
  })

  test('answers another shape than its output schema: masked', async () => {
    expect(await textOf('wrong-shape')).toMatch(/^Internal error \(ref [0-9a-f]{8}\)$/)
  })

  test('never returns: ended after its own time', async () => {
    expect(await textOf('never-returns')).toContain('did not finish within 0.3 s')
  })

  test('answers 20 MB: told its bound and what to do instead', async () => {
    expect(await textOf('too-much')).toMatch(/larger than its bound of 1048576 bytes.*Ask for less/)
  })

  test('and the server goes on answering', async () => {
    const args = { mark: 'after', count: 2 }
    const { message } = await post(
      make('tools/call', { name: 'record', arguments: args }, { token }),
    )
    expect(JSON.parse(message.result?.content?.[0]?.text ?? '')).toMatchObject({
      ...args,
      caller: 'alice',
    })
  })
})

describe('what only 2026-07-28 asks for (basic/index "Request metadata")', () => {
  const withMeta = (meta: unknown): Promise<Got> => {
    const { headers, body } = modern('tools/list', {}, { token })
    const message = JSON.parse(body) as object
    return post({ headers, body: JSON.stringify({ ...message, params: { _meta: meta } }) })
  }
  const VERSION = 'io.modelcontextprotocol/protocolVersion'
  const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

  test.each([
    ['no _meta', undefined],
    ['no version', { [CAPABILITIES]: {} }],
    ['no capabilities', { [VERSION]: MODERN }],
    ['capabilities that are a list', { [VERSION]: MODERN, [CAPABILITIES]: [] }],
    [
      'a log level nobody defined',
      { [VERSION]: MODERN, [CAPABILITIES]: {}, 'io.modelcontextprotocol/logLevel': 'loud' },
    ],
  ])('%s answers 400 and -32602', async (_, meta) => {
    const got = await withMeta(meta)
    expect(got.status).toBe(400)
    expect(got.message).toMatchObject({ id: 1, error: { code: -32602 } })
  })

  test('a version nobody speaks answers -32022 with the list of those we do', async () => {
    const { headers, body } = modern('tools/list', {}, { token })
    const got = await post({
      headers: { ...headers, 'mcp-protocol-version': '2027-01-01' },
      body: body.replace(MODERN, '2027-01-01'),
    })
    expect(got.status).toBe(400)
    expect(got.message).toMatchObject({
      id: 1,
      error: {
        code: -32022,
        data: { requested: '2027-01-01', supported: expect.arrayContaining([MODERN, LEGACY]) },
      },
    })
  })

  test('removed methods answer 404 and -32601', async () => {
    for (const method of ['ping', 'logging/setLevel', 'resources/subscribe']) {
      const got = await post(modern(method, {}, { token }))
      expect(got.status, method).toBe(404)
      expect(got.message.error?.code, method).toBe(-32601)
    }
  })

  test('a notification is accepted with 202 and an empty body', async () => {
    const got = await post({
      headers: {
        ...jsonHeaders(token),
        'mcp-protocol-version': MODERN,
        'mcp-method': 'notifications/cancelled',
      },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: {} }),
    })
    expect(got.status).toBe(202)
    expect(got.text).toBe('')
  })
})

describe('a scope the token does not carry (DESIGN §4.7, RFC 6750 §3.1)', () => {
  describe.each(ERAS)('$era', ({ make }) => {
    const write = async (scope: string, mark: string): Promise<Got> =>
      post(
        make(
          'tools/call',
          { name: 'write', arguments: { mark } },
          { token: await mintToken(platform.mcpUrl('trouble'), { scope }) },
        ),
      )

    test('the tool is listed all the same', async () => {
      const { message } = await post(make('tools/list', {}, { token }))
      expect(message.result?.tools?.map(({ name }) => name)).toContain('write')
    })

    test.each(['', 'troubl', 'trouble:write2', 'TROUBLE:WRITE', 'trouble:read'])(
      'scope "%s": 403 names it, what is needed and where to get it; nothing ran',
      async (scope) => {
        const mark = `scope-${scope}`
        const got = await write(scope, mark)
        expect(got.status).toBe(403)
        const challenge = String(got.headers['www-authenticate'])
        expect(challenge).toContain('error="insufficient_scope"')
        expect(challenge).toContain(`scope="${`${scope} trouble:write`.trim()}"`)
        expect(challenge).toContain(
          `resource_metadata="${platform.origin}/.well-known/oauth-protected-resource/trouble/mcp"`,
        )
        expect(got.message).toMatchObject({
          error: 'insufficient_scope',
          error_description: expect.stringContaining('trouble:write'),
        })
        expect(await recorded()).not.toContain(`write:${mark}`)
      },
    )

    test('with it the call runs', async () => {
      const mark = `allowed-${make === modern}`
      const got = await write('other trouble:write', mark)
      expect(got.message.result?.content).toMatchObject([{ text: 'written' }])
      expect(await recorded()).toContain(`write:${mark}`)
    })
  })

  const recorded = async (): Promise<string[]> => {
    const got = await post(modern('tools/call', { name: 'recorded' }, { token }))
    return got.message.result?.structuredContent?.['calls'] as string[]
  }
})
