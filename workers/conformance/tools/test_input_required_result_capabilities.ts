import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks only what the client can be asked',
  annotations: { readOnlyHint: true },
  async handler(_args, { client, elicit, roots, sample }) {
    const answers = await Promise.all([
      client.elicit && elicit('user_name', 'Your name?', z.object({ name: z.string() })),
      client.sample &&
        sample('greeting', {
          messages: [{ role: 'user', content: { type: 'text', text: 'Generate a greeting' } }],
          maxTokens: 50,
        }),
      client.roots && roots('client_roots'),
    ])
    return `${answers.filter(Boolean).length} answers`
  },
})
