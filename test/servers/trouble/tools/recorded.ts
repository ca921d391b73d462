import { defineTool } from '#shared'
import * as z from 'zod'
import { remembered } from '../calls.ts'

export default defineTool({
  description: 'Tells which calls were remembered',
  output: z.object({ calls: z.array(z.string()) }),
  annotations: { readOnlyHint: true },
  handler: () => ({ calls: [...remembered()] }),
})
