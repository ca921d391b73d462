/** `resources/read`, `resources/list`, `completion/complete` on the inner wire (2026-07-28 server/resources). */
import { describe, expect, it, vi } from 'vitest'
import { definePrompt } from '#shared/engine/author/prompt.ts'
import { defineResource } from '#shared/engine/author/resource.ts'
import { defineServer } from '#shared/engine/author/server.ts'
import { ALICE, startServer, type Sent } from './_harness.ts'

const engine = await startServer({
  prompts: {
    plain: definePrompt({
      description: 'x',
      input: [{ name: 'city' }],
      complete: { city: (value, { arguments: { land } }) => [`${value}-${land}`] },
      handler: () => 'x',
    }),
  },
  resources: {
    text: defineResource({ uri: 'a://text', description: 'Text', read: () => 'hello' }),
    bytes: defineResource({
      uri: 'a://bytes',
      description: 'Bytes',
      mimeType: 'image/png',
      read: () => new Uint8Array([1, 2, 255]),
    }),
    many: defineResource({
      uri: 'a://many',
      description: 'Many',
      read: () => ({ contents: [{ uri: 'a://1', text: '1' }] }),
    }),
    wrong: defineResource({
      uri: 'a://wrong',
      description: 'Wrong',
      read: () => ({ contents: [{ text: '1' }] }) as never,
    }),
    note: defineResource({
      uri: 'note://{id}',
      description: 'A note',
      complete: { id: () => Array.from({ length: 150 }, (_, index) => String(index)) },
      list: (_context, cursor) =>
        cursor === 'second'
          ? [{ uri: 'note://2', name: 'two' }]
          : { resources: [{ uri: 'note://1', name: 'one' }], nextCursor: 'second' },
      read: ({ id }, { uri, principal }) =>
        id === 'gone' ? null : { id, uri, for: principal.subject },
    }),
    guarded: defineResource({
      uri: 'secret://{id}',
      description: 'Secrets',
      scopes: ['secrets:read'],
      complete: { id: () => ['the-secret'] },
      list: () => [{ uri: 'secret://1', name: 'the secret' }],
      read: () => 'secret',
    }),
  },
})

interface Answer {
  result: Record<string, unknown>
  error?: { code: number; message: string; data?: unknown }
}

async function send(method: string, params: Sent['params'] = {}, sent: Sent = {}) {
  const response = await engine.send({ ...sent, method, params })
  return (await response.json()) as Answer
}
const read = (uri: string, sent?: Sent) => send('resources/read', { uri }, sent)

describe('resources/read', () => {
  it('answers text, bytes, JSON and ready contents, with a cache hint (SEP-2549)', async () => {
    expect((await read('a://text')).result).toEqual({
      resultType: 'complete',
      contents: [{ uri: 'a://text', mimeType: 'text/plain', text: 'hello' }],
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'tested', version: '1.0.0' } },
    })
    expect((await read('a://bytes')).result['contents']).toEqual([
      { uri: 'a://bytes', mimeType: 'image/png', blob: 'AQL/' },
    ])
    expect((await read('a://many')).result['contents']).toEqual([{ uri: 'a://1', text: '1' }])
    expect((await read('note://a%20b')).result['contents']).toEqual([
      {
        uri: 'note://a%20b',
        mimeType: 'application/json',
        text: '{"id":"a b","uri":"note://a%20b","for":"alice"}',
      },
    ])
  })

  it.each(['a://none', 'note://gone', 'note://a/b', 'note://', '', 'constructor'])(
    'of %j is −32602 with data.uri, never an empty answer (SEP-2164)',
    async (uri) => {
      const { error } = await read(uri)
      expect(error).toMatchObject({ code: -32602, data: { uri } })
    },
  )

  it('reads nothing a scope guards, even when it was decided otherwise', async () => {
    expect((await read('secret://1')).error).toMatchObject({ code: -32602 })
    const principal = { ...ALICE, scopes: ['secrets:read'] }
    expect((await read('secret://1', { principal })).result).toMatchObject({
      contents: [{ text: 'secret' }],
    })
  })

  it('masks contents that are none', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect((await read('a://wrong')).error?.message).toMatch(/^Internal error \(ref/)
    vi.restoreAllMocks()
  })
})

describe('resources/list', () => {
  it('is fixed resources, then what templates list, page by page', async () => {
    const { result } = await send('resources/list')
    const names = (result['resources'] as { name: string }[]).map(({ name }) => name)
    expect(names).toEqual(['text', 'bytes', 'many', 'wrong', 'one'])
    const second = await send('resources/list', { cursor: result['nextCursor'] })
    expect(second.result['resources']).toEqual([{ uri: 'note://2', name: 'two' }])
    expect(second.result['nextCursor']).toBeUndefined()
  })

  it('leaves out what a scope guards, and shows it to who holds the scope', async () => {
    const { result } = await send('resources/list')
    const cursor = { cursor: result['nextCursor'] }
    expect(JSON.stringify(await send('resources/list', cursor))).not.toContain('secret')
    const principal = { ...ALICE, scopes: ['secrets:read'] }
    expect(JSON.stringify(await send('resources/list', cursor, { principal }))).toContain('secret')
  })

  it.each(['', 'x', 'WzAsMV0', 'Wy0xLCJhIl0', 'bnVsbA', 7, 'A'.repeat(5000)])(
    'refuses the cursor %j',
    async (cursor) => {
      expect((await send('resources/list', { cursor })).error).toMatchObject({ code: -32602 })
    },
  )
})

describe('completion/complete', () => {
  const complete = (ref: object, name: string, value: string, context?: object, sent?: Sent) =>
    send('completion/complete', { ref, argument: { name, value }, ...context }, sent)

  it('knows the other arguments', async () => {
    const context = { context: { arguments: { land: 'fr' } } }
    const answer = await complete({ type: 'ref/prompt', name: 'plain' }, 'city', 'pa', context)
    expect(answer.result['completion']).toEqual({ values: ['pa-fr'], total: 1, hasMore: false })
  })

  it('shows at most 100 values and says that there are more', async () => {
    const ref = { type: 'ref/resource', uri: 'note://{id}' }
    const { result } = await complete(ref, 'id', '')
    expect(result['completion']).toMatchObject({ total: 150, hasMore: true })
    expect((result['completion'] as { values: string[] }).values).toHaveLength(100)
  })

  it('has nothing for an argument nobody completes', async () => {
    const { result } = await complete({ type: 'ref/prompt', name: 'plain' }, 'toString', '')
    expect(result['completion']).toMatchObject({ values: [] })
  })

  it('tells nothing a scope guards', async () => {
    const ref = { type: 'ref/resource', uri: 'secret://{id}' }
    expect((await complete(ref, 'id', '')).error).toMatchObject({ code: -32602 })
  })

  it.each([
    [{ ref: { type: 'ref/prompt', name: 'gone' }, argument: { name: 'a', value: '' } }],
    [{ ref: { type: 'ref/other', name: 'plain' }, argument: { name: 'a', value: '' } }],
    [{ ref: { type: 'ref/prompt', name: 'plain' }, argument: { name: 'city', value: 7 } }],
    [{ ref: { type: 'ref/prompt', name: 'plain' } }],
    [{ argument: { name: 'city', value: '' } }],
  ])('refuses %j', async (params) => {
    expect((await send('completion/complete', params)).error).toMatchObject({ code: -32602 })
  })

  it('refuses a body that names another target than was decided on', async () => {
    const ref = { type: 'ref/prompt', name: 'plain' }
    const sent = { decision: { name: 'prompt other' } }
    const { error } = await complete(ref, 'city', '', undefined, sent)
    expect(error).toMatchObject({ code: -32020 })
  })
})

describe('defineResource', () => {
  const base = { uri: 'a://{id}', description: 'x', read: () => 'x' }
  it.each([
    ['no scheme', { ...base, uri: 'notes' }, /uri: give a URI/],
    ['a template nobody can match', { ...base, uri: 'a://{x}{y}' }, /text must stand before/],
    ['no read', { uri: 'a://x', description: 'x' }, /read: give/],
    ['list of a fixed URI', { ...base, uri: 'a://x', list: () => [] }, /only a template/],
    ['a completer of no variable', { ...base, complete: { x: () => [] } }, /complete\.x/],
    ['an unknown option', { ...base, handler: () => 'x' }, /unknown option "handler"/],
  ])('refuses %s', (_case, options, remedy) => {
    expect(() => defineResource(options as never)).toThrow(remedy)
  })

  it('two of one URI are one too many', () => {
    const one = defineResource({ ...base })
    expect(() => defineServer({ resources: { one, two: one } })).toThrow(/Two resources are at/)
  })
})
