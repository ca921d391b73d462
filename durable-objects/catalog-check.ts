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
} from '#shared/catalog/entry.ts'
import { isServerName, isToolName } from '#shared/names.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import type { PublishFailure } from '#shared/rpc.ts'
import { DEFINITIONS_MAX_BYTES, FAILURE_DETAIL_MAX_CHARS } from './limits.ts'

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
  const seen = new Set<string>()
  for (const { wire } of definitions.tools) {
    if (!isToolName(wire.name)) return refuse('invalid', `"${wire.name}" is not a tool name`)
    if (seen.has(wire.name)) return refuse('invalid', `Two tools are called "${wire.name}"`)
    seen.add(wire.name)
  }
  if (actual !== digest) return refuse('digest_mismatch', `says ${digest}, is ${actual}`)
  return ok(parsed.data)
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
