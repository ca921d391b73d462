/** What `test/servers/twin` defines with the author API, with the official SDK's server. */
import {
  completable,
  createMcpHandler,
  McpServer,
  ResourceTemplate,
  type McpHttpHandler,
} from '@modelcontextprotocol/server'
import * as z from 'zod'

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
const READ_ONLY = { readOnlyHint: true }
const startingWith = (values: string[]) => (typed: string | undefined) =>
  values.filter((value) => value.startsWith(typed ?? ''))

export const oracle: McpHttpHandler = createMcpHandler(() => {
  const server = new McpServer(
    { name: 'twin', version: '1.0.0' },
    { instructions: 'Two of a kind', capabilities: { logging: {} } },
  )
  addTools(server)
  addPrompts(server)
  addResources(server)
  return server
})

function addTools(server: McpServer): void {
  const echo = z.object({ text: z.string().max(20), times: z.int().min(1).max(3).optional() })
  server.registerTool(
    'echo',
    { description: 'Says a text back', inputSchema: echo, annotations: READ_ONLY },
    ({ text: said, times = 1 }) => text(said.repeat(times)),
  )
  server.registerTool(
    'sum',
    {
      description: 'Adds two numbers',
      inputSchema: z.object({ a: z.number(), b: z.number().default(1) }),
      outputSchema: z.object({ sum: z.number() }),
      annotations: READ_ONLY,
    },
    ({ a, b }) => {
      const sum = { sum: a + b }
      return { ...text(JSON.stringify(sum)), structuredContent: sum }
    },
  )
  server.registerTool('bare', { description: 'Takes nothing', annotations: READ_ONLY }, () =>
    text('bare'),
  )
}

function addPrompts(server: McpServer): void {
  const said = (value: string) => ({
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: value } }],
  })
  const argsSchema = z.object({
    who: completable(z.string(), startingWith(['ada', 'bob'])),
    how: z.string().optional(),
  })
  server.registerPrompt('greet', { description: 'Greets', argsSchema }, ({ who, how = 'Hello' }) =>
    said(`${how}, ${who}`),
  )
  server.registerPrompt('plain', { description: 'Says hello' }, () => said('Hello'))
}

function addResources(server: McpServer): void {
  const plain = { mimeType: 'text/plain' }
  server.registerResource('readme', 'twin://readme', { description: 'About', ...plain }, () => ({
    contents: [{ uri: 'twin://readme', ...plain, text: 'Read me' }],
  }))
  const pages = new ResourceTemplate('twin://page/{number}', {
    list: undefined,
    complete: { number: startingWith(['1', '2']) },
  })
  server.registerResource(
    'page',
    pages,
    { description: 'A page', ...plain },
    (uri, { number }) => ({
      contents: [{ uri: uri.href, ...plain, text: `Page ${String(number)}` }],
    }),
  )
}
