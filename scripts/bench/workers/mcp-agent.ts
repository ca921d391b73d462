/** Peer of a 2025-11-25 session: the Agents SDK's session object, no authorization. */
import { McpAgent } from 'agents/mcp'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ECHO, echo } from './echo-tool.ts'

export class EchoAgent extends McpAgent {
  server = new McpServer({ name: 'agent', version: '1.0.0' })

  async init(): Promise<void> {
    this.server.registerTool('echo', ECHO, echo)
  }
}

export default EchoAgent.serve('/mcp', { binding: 'AGENT' })
