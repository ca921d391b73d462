import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  title: 'Send mail',
  description: 'Send a message',
  input: z.object({ text: z.string() }),
  scopes: ['mail:send'],
  handler: ({ text }) => `Sent ${text}`,
})
