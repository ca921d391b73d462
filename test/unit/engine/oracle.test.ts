import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool } from '#shared/engine/author/define.ts'
import { eventsOf, startEngine, type Message, type Sent } from './_harness.ts'

const input = z.object({ a: z.number(), b: z.number().default(1) })
const output = z.object({ sum: z.number() })
const resource = { uri: 'test://x', mimeType: 'text/plain', text: 'x' }
const image = { type: 'image' as const, data: 'AA==', mimeType: 'image/png' }

const engine = await startEngine({
  text: defineTool({ description: 'Text', handler: () => 'hello' }),
  blocks: defineTool({
    description: 'Blocks',
    handler: () => ({ content: [image, { type: 'resource', resource }] }),
  }),
  sum: defineTool({ description: 'Sum', input, output, handler: ({ a, b }) => ({ sum: a + b }) }),
  throws: defineTool({
    description: 'Throws',
    handler() {
      throw new Error('no')
    },
  }),
  wrong: defineTool({ description: 'Wrong', output, handler: () => ({ sum: 'x' }) as never }),
  progress: defineTool({
    description: 'Progress',
    async handler(_args, { progress }) {
      await progress(1, 2)
      return 'done'
    },
  }),
})

/** The same tools on the official SDK's server. */
const oracle = createMcpHandler(
  () => {
    const server = new McpServer({ name: 'tested', version: '1.0.0' })
    const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
    server.registerTool('text', { description: 'Text' }, () => text('hello'))
    server.registerTool('blocks', { description: 'Blocks' }, () => ({
      content: [image, { type: 'resource', resource }],
    }))
    server.registerTool(
      'sum',
      { description: 'Sum', inputSchema: input, outputSchema: output },
      ({ a, b }) => ({ ...text(`{"sum":${a + b}}`), structuredContent: { sum: a + b } }),
    )
    server.registerTool('throws', { description: 'Throws' }, () => {
      throw new Error('no')
    })
    server.registerTool('wrong', { description: 'Wrong', outputSchema: output }, () => ({
      ...text('x'),
      structuredContent: { sum: 'x' },
    }))
    server.registerTool('progress', { description: 'Progress' }, async (ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress: 1, total: 2 },
        })
      }
      return text('done')
    })
    return server
  },
  { legacy: 'reject' },
)

/**
 * What must agree. Deliberately different: the words of a failure (ours mask what
 * an author did not mean the model to read), and `inputResponses: null`, which we
 * refuse (patterns/mrtr: malformed → error) and the SDK ignores.
 */
async function comparable(response: Response): Promise<object> {
  const type = response.headers.get('content-type')
  const messages =
    type === 'text/event-stream' ? await eventsOf(response) : [(await response.json()) as object]
  const { id, result, error } = messages.at(-1) as unknown as Message
  return {
    status: response.status,
    type,
    notifications: messages.slice(0, -1),
    id,
    code: error?.code,
    result: result?.isError ? { ...result, content: ['…'] } : result,
  }
}

it.each<[string, Sent]>([
  ['text', { params: { name: 'text' } }],
  ['text with arguments it does not take', { params: { name: 'text', arguments: { x: 1 } } }],
  ['content blocks', { params: { name: 'blocks', arguments: {} } }],
  ['structured content', { params: { name: 'sum', arguments: { a: 1, b: 2 } } }],
  ['a default', { params: { name: 'sum', arguments: { a: 1 } }, id: 'text' }],
  ['arguments of the wrong type', { params: { name: 'sum', arguments: { a: 'x' } } }],
  ['missing arguments', { params: { name: 'sum' } }],
  ['arguments that are an array', { params: { name: 'sum', arguments: [] } }],
  ['arguments that are null', { params: { name: 'sum', arguments: null } }],
  ['a tool that does not exist', { params: { name: 'none' } }],
  ['a tool named like a member of every object', { params: { name: 'valueOf' } }],
  ['a tool that throws', { params: { name: 'throws' } }],
  ['a tool whose answer has another shape', { params: { name: 'wrong' } }],
  ['progress without a token', { params: { name: 'progress' } }],
  ['progress with a token', { params: { name: 'progress' }, meta: { progressToken: 't' } }],
  ['a requestState that is a number', { params: { name: 'text', requestState: 7 } }],
])('answers as the official SDK does: %s', async (_what, sent) => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const request = await engine.request(sent)
  const ours = await engine.worker.fetch(request.clone(), {} as Cloudflare.Env)
  expect(await comparable(ours)).toEqual(await comparable(await oracle.fetch(request)))
})
