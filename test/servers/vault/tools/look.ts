import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Tells who looks into the vault',
  input: z.object({}),
  annotations: { readOnlyHint: true },
  handler: (_, { principal }) => principal.subject,
})
