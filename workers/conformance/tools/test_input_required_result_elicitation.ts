import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks for a name, then greets',
  annotations: { readOnlyHint: true },
  async handler(_args, { elicit }) {
    const answer = await elicit('user_name', 'What is your name?', z.object({ name: z.string() }))
    return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello, stranger!'
  },
})
