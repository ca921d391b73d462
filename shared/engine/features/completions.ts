/**
 * `completion/complete` (2026-07-28 server/utilities/completion): for arguments of
 * prompts and variables of resource templates whose author gave a completer.
 */
import { missingScopes } from '../../identity/scopes.ts'
import { successResponse } from '../../protocol/revisions/2026-07-28/results.ts'
import { errorResponse, invalidParams } from '../../protocol/errors.ts'
import { readCompletion } from '../../protocol/completion.ts'
import { scopeNames } from '../author/scopes.ts'
import { errorOf, type Feature } from './feature.ts'
import { COMPLETIONS_MAX } from '../limits.ts'
import { lookContext } from './look.ts'
import type { Call } from '../respond.ts'

/** For the generated entry of a server that completes anything. */
export const completions: Feature = () => ({
  'completion/complete': { audience: 'callers', answer: complete },
})

async function complete(call: Call): Promise<Response> {
  const { message, compiled, caller } = call
  const asked = readCompletion(message.params)
  if (!asked) return errorResponse(message.id, invalidParams('Invalid completion/complete request'))
  const { prompts, resources } = compiled.server
  const item =
    asked.kind === 'prompt'
      ? Object.hasOwn(prompts, asked.target)
        ? prompts[asked.target]
        : undefined
      : Object.values(resources).find(({ uri }) => uri === asked.target)
  // The router decided by the same rules; should it ever have found another, nothing is told.
  if (!item || missingScopes(scopeNames(item.scopes), caller.principal.scopes).length > 0) {
    return errorResponse(message.id, invalidParams(`Unknown reference: ${asked.target}`))
  }
  const completers = item.complete ?? {}
  const completer = Object.hasOwn(completers, asked.argument)
    ? completers[asked.argument]
    : undefined
  try {
    const context = { ...lookContext(call), arguments: asked.others }
    const values: readonly unknown[] = completer ? await completer(asked.value, context) : []
    if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) {
      throw new TypeError('a completer answers an array of texts')
    }
    return successResponse(message.id, completionResult(values, compiled.metaJson))
  } catch (error) {
    return errorResponse(message.id, errorOf(compiled.built.name, asked.target, error))
  }
}

function completionResult(values: readonly string[], metaJson: string): string {
  const shown = JSON.stringify(values.slice(0, COMPLETIONS_MAX))
  const hasMore = values.length > COMPLETIONS_MAX
  return `{"resultType":"complete","completion":{"values":${shown},"total":${values.length},"hasMore":${hasMore}},"_meta":{${metaJson}}}`
}
