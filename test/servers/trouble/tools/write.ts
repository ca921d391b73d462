import { defineTool } from '#shared'
import * as z from 'zod'
import { remember } from '../calls.ts'

export default defineTool({
  description: 'Remembers that it was called; needs a scope',
  input: z.object({ mark: z.string().max(80) }),
  scopes: ['trouble:write'],
  handler({ mark }) {
    remember('write', mark)
    return 'written'
  },
})
