/** Reads a JSON file against a schema of shared/, and says what is wrong with it in words. */
import * as z from 'zod/mini'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'

/**
 * @param remedy one sentence that says what the file may hold or how to get it back
 * @throws Stop naming the file, when it is not JSON or not of that form
 */
export function checkJson<Value>(
  path: string,
  text: string,
  schema: z.ZodMiniType<Value>,
  remedy: string,
): Value {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Stop(shown(path), `It is not JSON: ${(error as Error).message}`, remedy)
  }
  // zod/mini brings no words of its own.
  const parsed = schema.safeParse(value, { error: z.locales.en().localeError })
  if (parsed.success) return parsed.data
  throw new Stop(shown(path), z.prettifyError(parsed.error), remedy)
}
