import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool } from '#shared/engine/author/define.ts'
import { ToolError } from '#shared/engine/author/error.ts'
import { eventsOf, startEngine, textOf } from './_harness.ts'

const engine = await startEngine({
  greet: defineTool({
    description: 'Greets',
    input: z.object({ name: z.string().min(1), times: z.int().default(1) }),
    handler: ({ name, times }) => `Hello ${name}! `.repeat(times).trim(),
  }),
  plain: defineTool({
    description: 'Answers data',
    handler: () => ({ content: 'a member', n: 1 }),
  }),
  nothing: defineTool({ description: 'Answers nothing', handler: () => undefined }),
  image: defineTool({
    description: 'Answers an image',
    handler: () => ({ content: [{ type: 'image', data: 'AA==', mimeType: 'image/png' }] }),
  }),
  wrong_block: defineTool({
    description: 'Answers a block that is none',
    handler: () => ({ content: [{ type: 'image' } as never] }),
  }),
  sum: defineTool({
    description: 'Adds',
    output: z.object({ sum: z.number() }),
    handler: async () => ({ sum: 3, secret: 'not in the schema' }),
  }),
  wrong_sum: defineTool({
    description: 'Answers another shape',
    output: z.object({ sum: z.number() }),
    handler: () => ({ sum: 'three' }) as never,
  }),
  big_number: defineTool({ description: 'Not JSON', handler: () => ({ n: 1n }) }),
  twenty_mb: defineTool({ description: 'Far too much', handler: () => 'ä'.repeat(10_000_000) }),
  bounded: defineTool({
    description: 'At most 200 bytes',
    maxOutputBytes: 200,
    input: z.object({ text: z.string() }),
    handler: ({ text }) => text,
  }),
  fails: defineTool({
    description: 'Fails for the model',
    handler() {
      throw new ToolError('No notes tagged "x".', {
        code: 'no_notes',
        retryable: true,
        retryAfterMs: 1500,
        hint: 'Call list-tags first.',
      })
    },
  }),
  fails_at_length: defineTool({
    description: 'Fails with far too much to say',
    async handler() {
      throw new ToolError('ä'.repeat(10_000_000))
    },
  }),
  fails_badly: defineTool({
    description: 'Fails with what is not JSON',
    async handler() {
      throw new ToolError('x', { retryAfterMs: 1n as never })
    },
  }),
  strict: defineTool({
    description: 'Takes nothing else',
    input: z.strictObject({ a: z.int() }),
    handler: () => 'done',
  }),
  bad_refinement: defineTool({
    description: 'Its schema throws',
    input: z.object({ a: z.int().refine(() => JSON.parse('{') as boolean) }),
    handler: () => 'done',
  }),
  crashes: defineTool({
    description: 'Throws',
    async handler() {
      await Promise.resolve()
      throw new Error('password=hunter2')
    },
  }),
  hangs: defineTool({
    description: 'Never returns',
    timeoutMs: 50,
    handler: (_args, { signal, env }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ;(env as unknown as { onAbort(): void }).onAbort()
          reject(new Error('too late'))
        })
      }),
  }),
  env: defineTool({ description: 'Reads its env', handler: (_args, { env }) => env }),
  impatient_schema: defineTool({
    description: 'Has an asynchronous refinement',
    input: z.object({ n: z.number().refine(async (n) => n > 0, 'not positive') }),
    handler: ({ n }) => n,
  }),
})

describe('arguments', () => {
  it('reach the handler validated, defaults filled in', async () => {
    expect(textOf(await engine.call('greet', { name: 'Ada' }))).toBe('Hello Ada!')
  })

  it('that fail the schema are a tool error naming each path (server/tools "Error Handling")', async () => {
    const { result } = await engine.call('greet', { name: '', times: 'two' })
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toMatch(
      /^Invalid arguments for tool greet:\n- name: .+\n- times: /,
    )
  })

  it('may be left out', async () => {
    expect((await engine.call('plain')).result.isError).toBeUndefined()
  })

  it('may be judged asynchronously', async () => {
    expect(textOf(await engine.call('impatient_schema', { n: 2 }))).toBe('2')
    expect(textOf(await engine.call('impatient_schema', { n: -2 }))).toContain('n: not positive')
  })

  it.each([
    ['an array', { name: 'greet', arguments: [] }],
    ['null', { name: 'greet', arguments: null }],
  ])('that are %s are refused (−32602)', async (_what, params) => {
    const response = await engine.send({ params })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ error: { code: -32602 } })
  })

  it('for a tool that does not exist are refused (−32602)', async () => {
    const { error } = await engine.call('toString', {})
    expect(error).toEqual({ code: -32602, message: 'Tool toString not found' })
  })
})

describe('answers', () => {
  it('name their type and their server, and echo the id', async () => {
    const message = await engine.call('nothing', undefined, { id: 'seven' })
    expect(message).toEqual({
      jsonrpc: '2.0',
      id: 'seven',
      result: {
        resultType: 'complete',
        content: [],
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'tested', version: '1.0.0' } },
      },
    })
  })

  it('that are plain values are JSON text, also with a member named content', async () => {
    expect(textOf(await engine.call('plain'))).toBe('{"content":"a member","n":1}')
  })

  it('that are content blocks pass through', async () => {
    const { result } = await engine.call('image')
    expect(result.content).toEqual([{ type: 'image', data: 'AA==', mimeType: 'image/png' }])
  })

  it('with an output schema are structured content and the same JSON as text', async () => {
    const { result } = await engine.call('sum')
    expect(result.structuredContent).toEqual({ sum: 3 })
    expect(result.content).toEqual([{ type: 'text', text: '{"sum":3}' }])
  })

  it.each(['wrong_sum', 'wrong_block', 'big_number'])(
    'of the wrong shape are masked and logged: %s',
    async (tool) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
      const { result } = await engine.call(tool)
      expect(result.isError).toBe(true)
      const [, ref] =
        /^Internal error \(ref ([0-9a-f]{8})\)$/.exec(result.content[0]?.text ?? '') ?? []
      expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
        event: 'tool_failed',
        tool,
        ref,
      })
      log.mockRestore()
    },
  )

  it('over the bound are refused with a way out, never cut; the log tells the author of attach', async () => {
    const log = vi.spyOn(console, 'log')
    const { result } = await engine.call('twenty_mb')
    const line: unknown = JSON.parse(String(log.mock.lastCall?.[0]))
    expect(line).toMatchObject({ event: 'answer_too_large', tool: 'twenty_mb' })
    expect(line).toHaveProperty(
      'remedy',
      expect.stringContaining('context.attach(name, body, type)'),
    )
    log.mockRestore()
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toMatch(/larger than its bound of 1048576 bytes.*narrower/s)
  })

  it('are bounded in bytes, not in characters', async () => {
    expect((await engine.call('bounded', { text: 'a'.repeat(30) })).result.isError).toBeUndefined()
    expect((await engine.call('bounded', { text: 'ä'.repeat(30) })).result.isError).toBe(true)
  })
})

describe('failures', () => {
  it('a ToolError reaches the model with its hint, and programs with its code', async () => {
    const { result } = await engine.call('fails')
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toBe(
      'No notes tagged "x".\nCall list-tags first.\nRetry in 2 s.',
    )
    expect(result._meta['mcp-edge/error']).toEqual({
      code: 'no_notes',
      retryable: true,
      retryAfterMs: 1500,
      hint: 'Call list-tags first.',
    })
  })

  it('a ToolError is bounded like an answer', async () => {
    expect(textOf(await engine.call('fails_at_length'))).toMatch(/larger than its bound/)
  })

  it('what is wrong with the arguments is told at bounded length', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, n]))
    const text = textOf(await engine.call('strict', many))
    expect(text).toMatch(/^Invalid arguments for tool strict/)
    expect(text?.length).toBeLessThan(2_000)
  })

  it.each(['fails_badly', 'bad_refinement'])('the author’s own: %s is masked', async (tool) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(textOf(await engine.call(tool, { a: 1 }))).toMatch(/^Internal error/)
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })

  it('anything else thrown is masked', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const message = await engine.call('crashes')
    expect(JSON.stringify(message)).not.toContain('hunter2')
    expect(message.result).toMatchObject({ isError: true })
    log.mockRestore()
  })

  it('a tool that never returns is stopped, and its signal aborted', async () => {
    const onAbort = vi.fn<() => void>()
    const { result } = await engine.call('hangs', {}, { env: { onAbort } })
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toBe('"hangs" did not finish within 0.05 s and was stopped.')
    expect(onAbort).toHaveBeenCalledOnce()
  })

  it('the client going away aborts the signal (DESIGN §4.5)', async () => {
    const gone = new AbortController()
    const aborted = new Promise<void>((onAbort) => {
      void engine.send({ params: { name: 'hangs' }, env: { onAbort }, signal: gone.signal })
      setTimeout(() => gone.abort(), 5)
    })
    await aborted
  })
})

it('hands the handler its bindings', async () => {
  expect(textOf(await engine.call('env', {}, { env: { GREETING: 'hi' } }))).toContain(
    '"GREETING":"hi"',
  )
})

it('answers a call done at once in plain JSON', async () => {
  const response = await engine.send({ params: { name: 'nothing' } })
  expect(response.headers.get('content-type')).toBe('application/json')
})

it('reads events to their end', async () => {
  const stream = new Response('event: message\ndata: {"a":1}\n\n: keepalive\n\n')
  expect(await eventsOf(stream)).toEqual([{ a: 1 }])
})
