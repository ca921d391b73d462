import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Answers something other than its output schema says',
  output: z.object({ total: z.number() }),
  handler: () => ({ total: 'many' }) as unknown as { total: number },
})
