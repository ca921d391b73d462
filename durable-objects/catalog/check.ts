/**
 * Judges what a server says of itself before the Catalog believes it: form, names,
 * size, and that the digest is the digest of these very definitions.
 *
 * Does NOT judge what descriptions say to a model, nor who publishes.
 */
import { definitionsDigest } from '#shared/catalog/digest.ts'
import {
  type Definitions,
  descriptionSchema,
  type ServerDescription,
} from '#shared/catalog/entry-schema.ts'
import { isServerName, isToolName } from '#shared/protocol/names.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { PublishFailure } from '#shared/catalog/contract.ts'
import { DEFINITIONS_MAX_BYTES, FAILURE_DETAIL_MAX_CHARS } from '../limits.ts'

export async function checkDescription(
  name: string,
  description: unknown,
): Promise<Result<ServerDescription, PublishFailure>> {
  if (!isServerName(name)) return refuse('bad_name', `"${name}" is not a server name`)
  const parsed = descriptionSchema.safeParse(description)
  if (!parsed.success) return refuse('invalid', parsed.error.message)
  const { definitions, digest } = parsed.data
  const measured = await measure(definitions)
  if (!measured) return refuse('invalid', 'Definitions nest too deeply, or are not JSON')
  const { bytes, actual } = measured
  if (bytes > DEFINITIONS_MAX_BYTES) {
    return refuse('too_large', `${bytes} bytes of definitions; at most ${DEFINITIONS_MAX_BYTES}`)
  }
  const wrong = wrongName(definitions)
  if (wrong !== undefined) return refuse('invalid', wrong)
  if (actual !== digest) return refuse('digest_mismatch', `says ${digest}, is ${actual}`)
  return ok(parsed.data)
}

/** What is wrong with the names and URIs callers will use, or `undefined`. */
function wrongName(definitions: Definitions): string | undefined {
  const { tools, prompts = [], resources = [], resourceTemplates = [] } = definitions
  const names = (items: readonly { wire: { name: string } }[]) => items.map(({ wire }) => wire.name)
  for (const [kind, all] of [
    ['tool', names(tools)],
    ['prompt', names(prompts)],
  ] as const) {
    const odd = all.find((name) => !isToolName(name))
    if (odd !== undefined) return `"${odd}" is not a ${kind} name`
    const twice = firstTwice(all)
    if (twice !== undefined) return `Two ${kind}s are called "${twice}"`
  }
  const uris = [
    ...resources.map(({ wire }) => wire.uri),
    ...resourceTemplates.map(({ wire }) => wire.uriTemplate),
  ]
  const twice = firstTwice(uris)
  return twice === undefined ? undefined : `Two resources are at "${twice}"`
}

function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>()
  return texts.find((text) => seen.has(text) || !seen.add(text))
}

/** @returns `undefined` for what only a hostile server sends: nesting that exhausts the stack */
async function measure(
  definitions: Definitions,
): Promise<{ bytes: number; actual: string } | undefined> {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(definitions)).byteLength
    return { bytes, actual: await definitionsDigest(definitions) }
  } catch {
    return undefined
  }
}

function refuse(reason: PublishFailure['reason'], detail: string) {
  return fail({ reason, detail: detail.slice(0, FAILURE_DETAIL_MAX_CHARS) })
}
