/** What a decision names for a call: what `Mcp-Name` says, or the target of a completion. */
import { completionTarget, readCompletion } from '../../completion.ts'
import type { JsonObject } from '../../jsonrpc.ts'
import { nameOf } from './ladder.ts'

export function decidedName(method: string, params: JsonObject): string | undefined {
  if (method !== 'completion/complete') return nameOf(method, params)
  const asked = readCompletion(params)
  return asked && completionTarget(asked)
}
