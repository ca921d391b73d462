/** Which methods a server has, by what it declares: a method of a capability it lacks is not found. */
import type { JsonObject } from './jsonrpc.ts'

const CAPABILITY_OF: ReadonlyMap<string, string> = new Map([
  ['prompts/list', 'prompts'],
  ['prompts/get', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resources'],
  ['resources/read', 'resources'],
  ['resources/subscribe', 'resources'],
  ['resources/unsubscribe', 'resources'],
  ['completion/complete', 'completions'],
  ['logging/setLevel', 'logging'],
])

/** Methods of no such capability are not judged here. */
export function offers(capabilities: JsonObject, method: string): boolean {
  const capability = CAPABILITY_OF.get(method)
  return capability === undefined || capabilities[capability] !== undefined
}
