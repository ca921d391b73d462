import { defineTool } from '#shared'
import * as z from 'zod'
import { remember } from '../calls.ts'

export default defineTool({
  description: 'Remembers that it was called, and with what',
  input: z.object({ mark: z.string().max(80), count: z.int().min(1).default(1) }),
  handler({ mark, count }, { principal }) {
    remember('record', mark)
    return { mark, count, caller: principal.subject, scopes: principal.scopes }
  },
})
