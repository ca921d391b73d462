/** Peer: Cloudflare's Agents SDK, stateless handler, no authorization. */
import { createMcpHandler } from 'agents/mcp/server'
import { McpServer } from '@modelcontextprotocol/server'
import { ECHO, echo } from './echo-tool.ts'

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: 'agents', version: '1.0.0' })
    server.registerTool('echo', ECHO, echo)
    return server
  }),
}
