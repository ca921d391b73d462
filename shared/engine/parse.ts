/** zod at the engine's two borders: arguments in, answers out. */
import type * as z from 'zod'
import { MAX_ISSUE_CHARS, MAX_REPORTED_ISSUES } from './limits.ts'

type Parsed<Schema extends z.ZodType> = z.ZodSafeParseResult<z.output<Schema>>

/** Synchronous unless the schema has asynchronous refinements, which zod only tells by throwing. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): Parsed<Schema> | Promise<Parsed<Schema>> {
  try {
    return schema.safeParse(value)
  } catch {
    return schema.safeParseAsync(value)
  }
}

/** One line per problem: `path: what is wrong`. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const lines = issues.slice(0, MAX_REPORTED_ISSUES).map(({ path, message }) => {
    const where = path.length > 0 ? path.map(String).join('.') : '(all)'
    return `- ${where}: ${message}`.slice(0, MAX_ISSUE_CHARS)
  })
  const more = issues.length - lines.length
  return more > 0 ? `${lines.join('\n')}\n- … and ${more} more` : lines.join('\n')
}
