import { defineTool } from '#shared'
import * as z from 'zod'
import { keyOf } from '../note.ts'

export default defineTool({
  description: 'Store a note of the user, when they want something remembered',
  input: z.object({ text: z.string().min(1).max(2000).describe('The note, as the user said it') }),
  output: z.object({ uri: z.string().describe('Where to read it again') }),
  async handler({ text }, { env, principal, notify }) {
    const id = crypto.randomUUID().slice(0, 8)
    await env.NOTES.put(keyOf(principal, id), text)
    await notify('resources', 'caller')
    return { uri: `notes://${id}` }
  },
})
