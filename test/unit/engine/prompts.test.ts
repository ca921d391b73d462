/** `prompts/get` on the inner wire (2026-07-28 server/prompts). */
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { definePrompt } from '#shared/engine/author/prompt.ts'
import { ToolError } from '#shared/engine/author/error.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { startServer, type Sent } from './_harness.ts'

const ask = z.object({ ok: z.boolean() })
const engine = await startServer({
  tools: {
    same: defineTool({
      description: 'Asks',
      annotations: { readOnlyHint: true },
      handler: async (_args, { elicit }) => (await elicit('ok', 'Sure?', ask)).action,
    }),
  },
  prompts: {
    hello: definePrompt({ description: 'Greets', handler: () => 'Hello' }),
    listed: definePrompt({
      description: 'Two arguments',
      input: [{ name: 'who', required: true }, { name: 'how' }],
      handler: (args) => JSON.stringify(args),
    }),
    typed: definePrompt({
      description: 'A number',
      input: z.object({ count: z.coerce.number().int() }),
      handler: ({ count }) => [
        { role: 'assistant', content: { type: 'text', text: String(count + 1) } },
      ],
    }),
    same: definePrompt({
      description: 'Asks',
      handler: async (_args, { elicit }) => `It is ${(await elicit('ok', 'Sure?', ask)).action}`,
    }),
    refuses: definePrompt({
      description: 'Refuses',
      handler() {
        throw new ToolError('Not today', { code: 'closed', hint: 'Come tomorrow' })
      },
    }),
    breaks: definePrompt({
      description: 'Breaks',
      handler() {
        throw new Error('secret detail')
      },
    }),
    odd: definePrompt({ description: 'Odd', handler: () => [{ role: 'system' }] as never }),
    large: definePrompt({ description: 'Large', handler: () => 'x'.repeat(1024 * 1024) }),
  },
})

interface Answer {
  result?: Record<string, unknown> & { requestState?: string }
  error?: { code: number; message: string; data?: unknown }
}

async function get(name: string, args?: object, sent: Sent = {}) {
  const params = { name, ...(args ? { arguments: args } : {}), ...sent.params }
  const response = await engine.send({ ...sent, method: 'prompts/get', params })
  return { status: response.status, ...((await response.json()) as Answer) }
}

describe('prompts/get', () => {
  it('answers text as one message of the user', async () => {
    expect((await get('hello')).result).toEqual({
      resultType: 'complete',
      description: 'Greets',
      messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }],
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'tested', version: '1.0.0' } },
    })
  })

  it('hands on listed arguments alone, and names a required one that is missing', async () => {
    const { result } = await get('listed', { who: 'Ada', else: 'x' })
    expect(JSON.stringify(result)).toContain('{\\"who\\":\\"Ada\\"}')
    expect((await get('listed')).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('"who"'),
    })
  })

  it('parses arguments with zod, and refuses what does not fit', async () => {
    expect((await get('typed', { count: '41' })).result).toMatchObject({
      messages: [{ role: 'assistant', content: { text: '42' } }],
    })
    expect((await get('typed', { count: 'many' })).error).toMatchObject({ code: -32602 })
  })

  it.each([[{ who: 7 }], [{ who: null }], [[]], ['x']])(
    'refuses arguments that are no texts: %j',
    async (args) => {
      expect((await get('listed', undefined, { params: { arguments: args } })).error).toMatchObject(
        {
          code: -32602,
        },
      )
    },
  )

  it('of an unknown name is −32602, also of what every object has', async () => {
    for (const name of ['gone', 'constructor', '__proto__']) {
      expect(await get(name)).toMatchObject({ status: 200, error: { code: -32602 } })
    }
  })

  it('may ask first (patterns/mrtr), and its state opens nothing else of that name', async () => {
    const first = await get('same')
    expect(first.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { ok: { method: 'elicitation/create' } },
    })
    const { requestState } = first.result ?? {}
    const inputResponses = { ok: { action: 'accept', content: { ok: true } } }
    const params = { requestState, inputResponses }
    expect((await get('same', undefined, { params })).result).toMatchObject({
      messages: [{ content: { text: 'It is accept' } }],
    })
    expect((await engine.call('same', undefined, { params })).error).toMatchObject({
      data: { reason: 'invalid_request_state' },
    })
  })

  it('of a client that cannot be asked is −32021', async () => {
    expect(await get('same', undefined, { capabilities: {} })).toMatchObject({
      status: 400,
      error: { code: -32021 },
    })
  })

  it('that fails as its author meant says so; anything else is masked', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect((await get('refuses')).error).toEqual({
      code: -32603,
      message: 'Not today\nCome tomorrow',
      data: { code: 'closed', hint: 'Come tomorrow' },
    })
    for (const name of ['breaks', 'odd']) {
      const { error, status } = await get(name)
      expect(status).toBe(500)
      expect(error?.message).toMatch(/^Internal error \(ref [0-9a-f]{8}\)$/)
    }
    vi.restoreAllMocks()
  })

  it('is never cut: one that is too large says so', async () => {
    expect((await get('large')).error?.message).toContain('larger than 1048576 bytes')
  })
})

describe('definePrompt', () => {
  const base = { description: 'x', handler: () => 'x' }
  const mistakes: [string, object, RegExp][] = [
    ['no description', { handler: () => 'x' }, /definePrompt description/],
    ['no handler', { description: 'x' }, /definePrompt handler/],
    ['an unknown option', { ...base, output: {} }, /unknown option "output"/],
    ['a schema that is no object', { ...base, input: z.string() }, /input: give/],
    [
      'two arguments of one name',
      { ...base, input: [{ name: 'a' }, { name: 'a' }] },
      /input: give/,
    ],
    ['an unknown member', { ...base, input: [{ name: 'a', type: 'x' }] }, /input: give/],
    [
      'a completer of nothing',
      { ...base, input: [{ name: 'a' }], complete: { b: () => [] } },
      /complete\.b: give .* one of: a/,
    ],
  ]
  it.each(mistakes)('refuses %s', (_case, options, remedy) => {
    expect(() => definePrompt(options as never)).toThrow(remedy)
  })
})
