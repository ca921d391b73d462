import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Store a note of the user, when they want something remembered',
  input: z.object({ text: z.string().min(1).max(2000).describe('The note, as the user said it') }),
  output: z.object({ uri: z.string().describe('Where to read it again') }),
  async handler({ text }, { env, principal, notify }) {
    const id = crypto.randomUUID().slice(0, 8)
    // Every key begins with its owner: nobody reads what another wrote.
    await env.NOTES.put(`${principal.tenant}/${principal.subject}/${id}`, text)
    await notify('resources', 'caller')
    return { uri: `notes://${id}` }
  },
})
