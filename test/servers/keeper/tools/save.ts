import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Attaches as many bytes as asked for, as a stream or whole',
  input: z.object({
    size: z.number().int(),
    type: z.string(),
    streamed: z.boolean().default(false),
  }),
  async handler({ size, type, streamed }, { attach }) {
    const bytes = new Uint8Array(size).fill(65)
    const body = streamed ? (new Response(bytes).body ?? bytes) : bytes
    return { content: [await attach('as.txt', body, type)] }
  },
})
