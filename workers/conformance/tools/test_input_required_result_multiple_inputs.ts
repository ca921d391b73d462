import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks user, model and client at once',
  annotations: { readOnlyHint: true },
  async handler(_args, { elicit, roots, sample }) {
    const [name, greeting, found] = await Promise.all([
      elicit('user_name', 'What is your name?', z.object({ name: z.string() })),
      sample('greeting', {
        messages: [{ role: 'user', content: { type: 'text', text: 'Generate a greeting' } }],
        maxTokens: 50,
      }),
      roots('client_roots'),
    ])
    const who = name.action === 'accept' ? name.content.name : 'stranger'
    return `${JSON.stringify(greeting.content)} to ${who}, who has ${found.length} roots`
  },
})
