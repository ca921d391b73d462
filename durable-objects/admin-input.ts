/** What operators send, checked: the first problems in words they can act on. */
import * as z from 'zod/mini'
import { fail, ok, type Result } from '#shared/result.ts'
import type { AdminFailure } from './catalog-state.ts'
import { FAILURE_DETAIL_MAX_CHARS, INPUT_MAX_DEPTH } from './limits.ts'

// zod/mini comes without words: "Invalid input" tells an operator nothing.
z.config(z.locales.en())

/** Recursion over such a value would end in the stack. */
export function nestsTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; depth <= INPUT_MAX_DEPTH; depth++) {
    level = level.filter((item) => typeof item === 'object' && item !== null)
    if (level.length === 0) return false
    level = level.flatMap((item) => Object.values(item as object))
  }
  return true
}

export function safeParse<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
): Result<z.output<Schema>, AdminFailure> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const detail = z.prettifyError(parsed.error).slice(0, FAILURE_DETAIL_MAX_CHARS)
  return fail({ reason: 'invalid', detail })
}
