import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Greets by name; never a task',
  annotations: { readOnlyHint: true },
  input: z.object({ name: z.string() }),
  handler: ({ name }) => `Hello, ${name}!`,
})
