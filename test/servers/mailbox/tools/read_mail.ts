import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  title: 'Read mail',
  description: 'Read the newest message',
  input: z.object({}),
  scopes: ['mail:read'],
  annotations: { readOnlyHint: true },
  handler: () => 'Hello',
})
