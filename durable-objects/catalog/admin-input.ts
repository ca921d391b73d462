/** What operators send, checked: the first problems in words they can act on. */
import * as z from 'zod/mini'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { AdminFailure } from './state.ts'
import { FAILURE_DETAIL_MAX_CHARS } from '../limits.ts'

// zod/mini comes without words: "Invalid input" tells an operator nothing.
z.config(z.locales.en())

export function safeParse<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
): Result<z.output<Schema>, AdminFailure> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const detail = z.prettifyError(parsed.error).slice(0, FAILURE_DETAIL_MAX_CHARS)
  return invalid(detail)
}

export const invalid = (detail: string) => fail<AdminFailure>({ reason: 'invalid', detail })
