import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks the user for a name and an email address',
  input: z.object({ message: z.string().describe('What to say to the user') }),
  async handler({ message }, { elicit }) {
    const form = z.object({
      username: z.string().describe("User's response"),
      email: z.string().describe("User's email address"),
    })
    const answer = await elicit('user', message, form)
    const content = answer.action === 'accept' ? JSON.stringify(answer.content) : '{}'
    return `User response: action=${answer.action}, content=${content}`
  },
})
