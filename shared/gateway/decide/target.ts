/**
 * What a call is for, in the catalog's terms: the item that policy and scope are
 * asked about, and the refusal when there is none. Both eras end here.
 */
import { resourceAt, type CompiledItem, type CompiledServer } from '../../catalog/list.ts'
import type { Principal } from '../../identity/principal.ts'
import { mayUse } from '../../catalog/policy.ts'
import { attachmentIdOf } from '../../contracts/attachment-uri.ts'
import { invalidParams, type WireError } from '../../protocol/errors.ts'
import type { ServerRecord } from '../ports.ts'

/** Calls that a server answers; everything else is the router's. */
export type CalledMethod =
  'tools/call' | 'prompts/get' | 'resources/read' | 'resources/list' | 'completion/complete'

/** A list is nobody's in particular: the server leaves out what this caller may not see. */
const LIST: CompiledItem = { scopes: [], readOnly: true }

/** @param name as `decidedName` gives it */
export function targetOf(
  server: CompiledServer,
  method: CalledMethod,
  name: string | undefined,
): CompiledItem | undefined {
  if (method === 'resources/list') return server.listsResources ? LIST : undefined
  if (name === undefined) return undefined
  switch (method) {
    case 'tools/call':
      return server.tools.get(name)
    case 'prompts/get':
      return server.prompts.get(name)
    case 'resources/read':
      return resourceAt(server, name)
    case 'completion/complete':
      return completedAt(server, name)
  }
}

/** @param target `prompt <name>` or `resource <uri template>` */
function completedAt(server: CompiledServer, target: string): CompiledItem | undefined {
  const [, kind, name = ''] = /^(\w+) ([^]*)$/.exec(target) ?? []
  if (kind === 'prompt') return server.prompts.get(name)
  return server.templates.find(({ template }) => template.text === name)
}

/** Read by the platform in the server's place. */
export const isAttachment = (method: CalledMethod, name: string | undefined): boolean =>
  method === 'resources/read' && name !== undefined && attachmentIdOf(name) !== undefined

/** As {@link targetOf}, for one caller: what policy hides is not there (DESIGN §4.7). */
export function targetFor(
  { compiled, policy }: Pick<ServerRecord, 'compiled' | 'policy'>,
  principal: Principal,
  method: CalledMethod,
  name: string | undefined,
): CompiledItem | undefined {
  const target = targetOf(compiled, method, name)
  if (!target?.subject || mayUse(principal, policy, target.subject)) return target
  return undefined
}

/** Policy hides (DESIGN §4.7): what a caller may not know of answers like what is not there. */
export function unknownTarget(method: CalledMethod, name: string | undefined): WireError {
  switch (method) {
    case 'tools/call':
      return invalidParams(name === undefined ? 'params.name is missing' : `Unknown tool: ${name}`)
    case 'prompts/get':
      return invalidParams(
        name === undefined ? 'params.name is missing' : `Unknown prompt: ${name}`,
      )
    case 'resources/read':
      return name === undefined
        ? invalidParams('params.uri is missing')
        : invalidParams(`Resource not found: ${name}`, { uri: name })
    case 'resources/list':
      return invalidParams('Invalid cursor')
    case 'completion/complete':
      return invalidParams(
        name === undefined
          ? 'Invalid completion/complete request'
          : `Unknown reference: ${name.slice(name.indexOf(' ') + 1)}`,
      )
  }
}
