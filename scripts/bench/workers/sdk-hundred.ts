/** Peer of the router's lists: the official SDK's handler with a hundred tools. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { ECHO, echo } from './echo-tool.ts'

const TOOLS = 100

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  for (let index = 0; index < TOOLS; index++) server.registerTool(`echo-${index}`, ECHO, echo)
  return server
})

export default { fetch: (request: Request) => handler.fetch(request) }
