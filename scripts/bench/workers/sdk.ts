/** Peer: the official SDK's handler, as its documentation shows it. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { ECHO, echo } from './echo-tool.ts'

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  server.registerTool('echo', ECHO, echo)
  return server
})

export default { fetch: (request: Request) => handler.fetch(request) }
