/**
 * Judges what a server says of itself before the Catalog believes it: form, names,
 * size, and that the digest is the digest of these very definitions.
 *
 * Does NOT judge what descriptions say to a model, nor who publishes.
 */
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { descriptionSchema, type ServerDescription } from '#shared/catalog/entry.ts'
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
  const bytes = new TextEncoder().encode(JSON.stringify(definitions)).byteLength
  if (bytes > DEFINITIONS_MAX_BYTES) {
    return refuse('too_large', `${bytes} bytes of definitions; at most ${DEFINITIONS_MAX_BYTES}`)
  }
  const seen = new Set<string>()
  for (const { wire } of definitions.tools) {
    if (!isToolName(wire.name)) return refuse('invalid', `"${wire.name}" is not a tool name`)
    if (seen.has(wire.name)) return refuse('invalid', `Two tools are called "${wire.name}"`)
    seen.add(wire.name)
  }
  const actual = await definitionsDigest(definitions)
  if (actual !== digest) return refuse('digest_mismatch', `says ${digest}, is ${actual}`)
  return ok(parsed.data)
}

function refuse(reason: PublishFailure['reason'], detail: string) {
  return fail({ reason, detail: detail.slice(0, FAILURE_DETAIL_MAX_CHARS) })
}
