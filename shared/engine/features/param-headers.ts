/** `tools/call` of a server with `x-mcp-header` parameters: headers are compared with the body first. */
import type { Definitions } from '../../catalog/entry.ts'
import { errorResponse } from '../../protocol/errors.ts'
import { paramHeaderError, paramHeadersOf, type ParamHeader } from '../../protocol/param-headers.ts'
import { callTool } from '../call-tool.ts'
import type { Feature } from './feature.ts'

/** For the generated entry of a server that marks parameters. */
export const paramHeaders: Feature = ({ built }) => {
  const { tools } = JSON.parse(built.definitionsJson) as Definitions
  const byTool = new Map<unknown, ParamHeader[]>()
  for (const { wire } of tools) {
    const params = paramHeadersOf(wire.inputSchema)
    if (params.ok && params.value.length > 0) byTool.set(wire.name, params.value)
  }
  return {
    'tools/call': {
      audience: 'callers',
      answer(call) {
        const { message, request } = call
        const params = byTool.get(message.params['name']) ?? []
        const error = paramHeaderError(params, message.params['arguments'], request.headers)
        return error ? errorResponse(message.id, error) : callTool(call)
      },
    },
  }
}
