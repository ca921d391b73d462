/** What an evaluation of the catalog's words is asked: tasks, each with the tool that fits. */
import * as z from 'zod/mini'
import { EVAL_PAIRS_MAX, EVAL_REVISIONS_MAX, SEARCH_QUERY_MAX_CHARS } from '../limits.ts'

const name = z.string().check(z.maxLength(100))
export const evaluationSchema = z.strictObject({
  pairs: z
    .array(
      z.strictObject({
        task: z.string().check(z.minLength(1), z.maxLength(SEARCH_QUERY_MAX_CHARS)),
        server: name,
        tool: name,
      }),
    )
    .check(z.minLength(1), z.maxLength(EVAL_PAIRS_MAX)),
  /** Whose revisions are compared; absent = the catalog as it is. */
  server: z.optional(name),
  /** `live`, `canary`, `previous`, `waiting`, or digests. */
  revisions: z._default(z.array(name).check(z.maxLength(EVAL_REVISIONS_MAX)), ['live']),
})
